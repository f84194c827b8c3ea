#!/bin/bash
# Run once by the postgres image, on an empty volume: a database and a role for Airflow, and for APOD a role that loads
# and one that can only read. Passwords come from files and go to psql as variables, never onto a command line that others
# see.
set -euo pipefail

for name in airflow_db apod_db apod_reader; do
    [ -s "/run/secrets/${name}_password" ] || { echo "no secret ${name}_password: type make up, which makes them" >&2; exit 1; }
done
psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set airflow_password `cat /run/secrets/airflow_db_password`
\set apod_password `cat /run/secrets/apod_db_password`
\set reader_password `cat /run/secrets/apod_reader_password`
CREATE ROLE airflow LOGIN PASSWORD :'airflow_password';
CREATE DATABASE airflow OWNER airflow;
REVOKE CONNECT ON DATABASE airflow FROM PUBLIC;
CREATE ROLE apod_pipeline LOGIN PASSWORD :'apod_password';
CREATE ROLE apod_reader LOGIN PASSWORD :'reader_password';
CREATE DATABASE apod OWNER apod_pipeline;
REVOKE CONNECT ON DATABASE apod FROM PUBLIC;
GRANT CONNECT ON DATABASE apod TO apod_reader;
\connect apod
ALTER SCHEMA public OWNER TO apod_pipeline;
GRANT USAGE ON SCHEMA public TO apod_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE apod_pipeline IN SCHEMA public GRANT SELECT ON TABLES TO apod_reader;
SQL
