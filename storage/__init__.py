"""The database: engine, session, the whole data model on one page, migrations, secrets at rest."""
