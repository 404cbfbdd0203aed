-- Run once by psql, in the store's database, as the superuser: a role that reads everything and writes
-- nothing. The variable viewer_password is set before this, by psql's input and not its command line.
\set ON_ERROR_STOP on
CREATE ROLE searcher_viewer LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'viewer_password';
ALTER ROLE searcher_viewer SET default_transaction_read_only = on;
ALTER ROLE searcher_viewer SET statement_timeout = '30s';
GRANT CONNECT ON DATABASE :"DBNAME" TO searcher_viewer;
GRANT USAGE ON SCHEMA public TO searcher_viewer;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO searcher_viewer;
ALTER DEFAULT PRIVILEGES FOR ROLE searcher_owner IN SCHEMA public
    GRANT SELECT ON TABLES TO searcher_viewer;
