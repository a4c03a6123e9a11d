"""Results of a sweep as a table: CSV or Parquet."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from quadcim.files import check_output_file, output_file
from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.measurements import FIGURES

__all__ = ["check_export", "export_rows"]


def export_rows(rows: Iterable[Mapping[str, Any]], path: Path, *, force: bool = False) -> None:
    """Write rows as CSV or Parquet, by the ending of `path`; an older file stays until the new one is whole.

    Parameters
    ----------
    rows : iterable of dict
        What `quadcim.sweep.store.Store.rows` gives; errors become one text.
    path : Path
        The file.
    force : bool
        Whether an older file that quadcim wrote may be replaced.
    """
    table = [{**row, "errors": "; ".join(f"{name}: {error}" for name, error in row.get("errors", {}).items()) or None}
             for row in rows]
    names = sorted(dict.fromkeys(name for row in table for name in row),
                   key=lambda name: (name == "errors", name in FIGURES))
    with output_file(path, option="export", force=force) as scratch:
        (_write_parquet if path.suffix == ".parquet" else _write_csv)(table, names, scratch)


def check_export(path: Path, *, force: bool = False) -> None:
    """Refuse a file that `export_rows` does not know how to write, or must not replace."""
    if path.suffix not in (".csv", ".parquet"):
        raise IllegalSetting("export", "a file that ends in .csv or .parquet", str(path))
    check_output_file(path, option="export", force=force)


def _write_csv(rows: list[dict[str, Any]], names: list[str], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(rows: list[dict[str, Any]], names: list[str], path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    columns = {name: [row.get(name) for row in rows] for name in names}
    parquet.write_table(pa.table({name: pa.array(_one_type(values)) for name, values in columns.items()}), path)


def _one_type(values: list[Any]) -> list[Any]:
    """Values of one column: whole numbers beside others become numbers, and numbers beside words words."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} or len(kinds) == 1:
        return [float(value) if isinstance(value, int) and float in kinds else value for value in values]
    return [None if value is None else str(value) for value in values]
