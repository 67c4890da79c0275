-- Makes the application's role, once, while the data folder is new. It owns its database and is no superuser:
-- docs/decisions/0036-the-application-is-no-superuser.md. The same as deploy/local/parts/postgres-access.ts does.
set log_statement = 'none';
-- Of a statement that fails nothing is logged either: it holds the password.
set log_min_error_statement = 'panic';
do $$ begin
  execute format(
    'create role application login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password %L',
    trim(pg_read_file('/secrets/postgres/application-password'))
  );
end $$;
alter database switchyard owner to application;
-- To remove destroyed keys from the write-ahead log: docs/decisions/0094-destroyed-keys-leave-the-files.md
grant pg_checkpoint to application;
grant execute on function pg_switch_wal() to application;
