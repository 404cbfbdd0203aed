-- Run once by psql, in the new database, as the superuser. The owner makes and changes tables; the
-- driver of a search reads and writes rows. Passwords come from files that are mounted secrets.
\set ON_ERROR_STOP on
\set owner_password `cat "$SECRETS/owner/password"`
\set app_password `cat "$SECRETS/app/password"`
CREATE ROLE searcher_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
CREATE ROLE searcher_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'app_password';
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO searcher_owner, searcher_app;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO searcher_owner;
GRANT USAGE ON SCHEMA public TO searcher_app;
ALTER DEFAULT PRIVILEGES FOR ROLE searcher_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO searcher_app;
ALTER DEFAULT PRIVILEGES FOR ROLE searcher_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO searcher_app;
