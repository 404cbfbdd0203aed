-- Run once by the operator, in the new database, as the superuser, after it has made searcher_owner.
-- What ../postgres/roles.sql does; the operator gives searcher_app its password and lets it log in.
CREATE ROLE searcher_app NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
REVOKE ALL ON DATABASE searcher FROM PUBLIC;
GRANT CONNECT ON DATABASE searcher TO searcher_owner, searcher_app;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO searcher_owner;
GRANT USAGE ON SCHEMA public TO searcher_app;
ALTER DEFAULT PRIVILEGES FOR ROLE searcher_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO searcher_app;
ALTER DEFAULT PRIVILEGES FOR ROLE searcher_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO searcher_app;
