#!/bin/bash
# Run once by the postgres image, on an empty volume: a database and a role for Airflow, and for APOD a role that loads
# and one that can only read. Passwords come from the environment and go to psql as variables, never onto a command line
# that others see.
set -euo pipefail

psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv airflow_password AIRFLOW_DB_PASSWORD
\getenv apod_password APOD_DB_PASSWORD
\getenv reader_password APOD_READER_PASSWORD
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
