"""Style, wording and assets that all pages share."""
