"""The marts as people read them: files of their own, swapped in whole at the end of a build.

A reader of the working warehouse would shut builds out, and would see marts of two runs while one
goes on. So the public marts are copied out of it in one transaction, checked, and put in the place
of the publication before by renaming. This package handles DuckDB and files, and never imports dbt.
"""

from footfall.publishing.contents import SCHEMA, Mart, Publication, Published, PublishingError, Run
from footfall.publishing.publisher import (
    parquet_folder,
    publish,
    published_file,
    standing,
    standing_rows,
)

__all__ = [
    "SCHEMA",
    "Mart",
    "Publication",
    "Published",
    "PublishingError",
    "Run",
    "parquet_folder",
    "publish",
    "published_file",
    "standing",
    "standing_rows",
]
