"""Document → catalog file: entries as a reader would call them, then the recorded corrections."""

from crawler.importer.document import import_document, import_file

__all__ = ["import_document", "import_file"]
