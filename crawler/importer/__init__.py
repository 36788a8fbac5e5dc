"""Document → catalog file: entries as a reader would call them, then the recorded corrections."""

from crawler.importer.document import import_document
from crawler.importer.update import Imported, Source, import_source

__all__ = ["Imported", "Source", "import_document", "import_source"]
