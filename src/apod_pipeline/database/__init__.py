"""The way to PostgreSQL: connections, migrations, and the translation of its errors."""
