-- The history of activity, "actividad": one row a request with a valid credential, where
-- activity_table is set. For Supabase, or PostgreSQL 15 or newer behind PostgREST. It needs none of the
-- other files, and leaves alone what those have made.
--
-- It may be run again at any time. A table that exists already keeps its columns, its rows and its
-- grants; it gets the columns and the index that it lacks, and row-level security. Its key must be
-- there, without duplicates, or nothing at all is changed.

begin;

do $$
begin
  if not exists (select from pg_roles where rolname = 'sam_callback') then
    create role sam_callback nologin;
  end if;
end
$$;

do $$
declare
  supabase_role text;
begin
  if to_regclass('public.actividad') is null then
    create table public.actividad (request_id text primary key);
    -- Supabase gives every right on a new table to these.
    foreach supabase_role in array array['anon', 'authenticated'] loop
      if exists (select from pg_roles where rolname = supabase_role) then
        execute format('revoke all on public.actividad from %I', supabase_role);
      end if;
    end loop;

  -- "on conflict" takes a unique key at its word only where each statement keeps it.
  elsif not exists (
    select
    from pg_index
    join pg_attribute on attrelid = indrelid and attnum = indkey[0]
    where indrelid = to_regclass('public.actividad') and attname = 'request_id'
      and indisunique and indimmediate and indisvalid and indpred is null and indnkeyatts = 1
  ) then
    alter table public.actividad add unique (request_id);
  end if;
end
$$;

-- As the log has them; "ms" is how long the request took, in milliseconds.
alter table public.actividad
  add column if not exists received_at timestamptz,
  add column if not exists source text,
  add column if not exists outcome text,
  add column if not exists status int,
  add column if not exists row_key text,
  add column if not exists ms double precision;

-- What is looked for is a time; and old rows are deleted by it.
create index if not exists actividad_received_at on public.actividad (received_at);

-- Without a policy no row is seen or made, but by the owner and those who bypass it.
alter table public.actividad enable row level security;

-- Rows are made, and never changed or read back: a key is looked at, so that one that is there already
-- is left as it is.
grant
  select (request_id),
  insert (request_id, received_at, source, outcome, status, row_key, ms)
  on public.actividad to sam_callback;

drop policy if exists sam_callback_select on public.actividad;
create policy sam_callback_select on public.actividad
  for select to sam_callback using (true);
drop policy if exists sam_callback_insert on public.actividad;
create policy sam_callback_insert on public.actividad
  for insert to sam_callback with check (received_at is not null);

do $$
begin
  -- PostgREST connects as authenticator, and becomes the role that the token names.
  if exists (select from pg_roles where rolname = 'authenticator')
    and not pg_has_role('authenticator', 'sam_callback', 'member')
  then
    grant sam_callback to authenticator;
  end if;
end
$$;

grant usage on schema public to sam_callback;

-- PostgREST looks at the schema again.
notify pgrst, 'reload schema';

commit;
