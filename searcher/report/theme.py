"""In which colours the page is drawn, by day and by night.

A plot names colours by ``@<name>``; the page's script puts in the value for the reader's scheme.
The families' eight are Okabe and Ito's (2008, "Color Universal Design"), which colour-blind
readers can tell apart, darkened or lightened until they stand out from the paper.
"""

LIGHT = {
    "paper": "#ffffff",
    "card": "#f6f8fa",
    "ink": "#1f2328",
    "muted": "#59636e",
    "line": "#d8dee4",
    "accent": "#0b62c4",
    "good": "#1a7f37",
    "warn": "#8a5a00",
    "bad": "#c4232d",
    "veil": "rgba(255, 255, 255, 0.8)",
    "band": "rgba(11, 98, 196, 0.12)",
    "f0": "#0072b2",
    "f1": "#d55e00",
    "f2": "#00805e",
    "f3": "#b8568f",
    "f4": "#8a6d00",
    "f5": "#2f8fc4",
    "f6": "#6f4bb3",
    "f7": "#707070",
    "s0": "#cfd8e3",
    "s1": "#a6c0db",
    "s2": "#6f9ecb",
    "s3": "#3a77b4",
    "s4": "#08407a",
}

DARK = {
    "paper": "#0d1117",
    "card": "#161b22",
    "ink": "#e6edf3",
    "muted": "#9198a1",
    "line": "#30363d",
    "accent": "#58a6ff",
    "good": "#3fb950",
    "warn": "#d29922",
    "bad": "#ff7b72",
    "veil": "rgba(13, 17, 23, 0.8)",
    "band": "rgba(88, 166, 255, 0.16)",
    "f0": "#4aa8e8",
    "f1": "#f28e4b",
    "f2": "#3cc9a3",
    "f3": "#e39ac4",
    "f4": "#d8b94a",
    "f5": "#8fd0f7",
    "f6": "#b197e8",
    "f7": "#a8a8a8",
    "s0": "#2f3e50",
    "s1": "#3c5a7d",
    "s2": "#4f83b5",
    "s3": "#6db1e6",
    "s4": "#cbe7ff",
}

SCALE = ("@s0", "@s1", "@s2", "@s3", "@s4")
"""From poor to good."""


def css(colours: dict[str, str]) -> str:
    """Write the colours as CSS custom properties."""
    return " ".join(f"--{name}: {value};" for name, value in colours.items())
