-- What the yard needs of a PostgreSQL that somebody else runs, version 15 or newer: a role that is no superuser, and a database that it
-- owns. As superuser, with a password of your own: psql -f deploy/postgres/create.sql
-- Then DATABASE_URL=postgres://switchyard:<password>@<host>:5432/switchyard
create role switchyard login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password 'choose-one';
create database switchyard owner switchyard template template0 encoding 'UTF8' locale 'C';
\c switchyard
-- To remove destroyed keys from the write-ahead log, with wal_recycle = off: docs/decisions/0094-destroyed-keys-leave-the-files.md
grant pg_checkpoint to switchyard;
grant execute on function pg_switch_wal() to switchyard;
