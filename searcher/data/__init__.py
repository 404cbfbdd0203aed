"""Which rows a search is about: files in, one coded matrix and what is known of it out."""

from searcher.data.coding import add_new_texts, encode_rows
from searcher.data.dataset import Dataset, class_counts
from searcher.data.load import build_dataset, load_dataset
from searcher.data.reading import read_table
from searcher.data.table import Table

__all__ = [
    "Dataset",
    "Table",
    "add_new_texts",
    "build_dataset",
    "class_counts",
    "encode_rows",
    "load_dataset",
    "read_table",
]
