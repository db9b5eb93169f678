"""Tests in a real browser; a package, so that the browser is gone before other folders begin."""
