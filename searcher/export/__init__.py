"""How a fitted model becomes an ONNX file that computes the same, and how such a file is used.

Start here: ``artifact.export_model`` writes a file if it passes, ``convert.to_onnx`` makes the
graph (``emitters`` its estimator), ``gate.parity.check_parity`` compares it with the model,
``predict.predict_rows`` uses it.
"""
