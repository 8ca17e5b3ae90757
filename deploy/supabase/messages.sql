-- The tables of signed messages, "reservas", "promos" and "usuarios", the table of BlizWork's calls,
-- "eventos_blizwork", and what sam-callback may do to them. For Supabase, or PostgreSQL 15 or newer
-- behind PostgREST. It does not need schema.sql, and leaves alone what that has made.
--
-- It may be run again at any time. A table that exists already keeps its columns, its rows and its
-- grants; it gets the columns that it lacks, the trigger, and row-level security. Its key must be
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
  wanted record;
  supabase_role text;
begin
  for wanted in
    select name, key, definition, format('public.%I', name) as relation
    from (values
      ('reservas', 'reservation_id', 'text primary key'),
      ('promos', 'promo_id', 'text primary key'),
      ('usuarios', 'user_id', 'text primary key'),
      -- SHA-256 in lower case, so that one token is one row.
      ('eventos_blizwork', 'token_hash',
       'char(64) primary key check (token_hash ~ ''^[0-9a-f]{64}$'')')
    ) as tables (name, key, definition)
  loop
    if to_regclass(wanted.relation) is null then
      execute format('create table %s (%I %s)', wanted.relation, wanted.key, wanted.definition);
      -- Supabase gives every right on a new table to these.
      foreach supabase_role in array array['anon', 'authenticated'] loop
        if exists (select from pg_roles where rolname = supabase_role) then
          execute format('revoke all on %s from %I', wanted.relation, supabase_role);
        end if;
      end loop;

    -- "on conflict" takes a unique key at its word only where each statement keeps it.
    elsif not exists (
      select
      from pg_index
      join pg_attribute on attrelid = indrelid and attnum = indkey[0]
      where indrelid = to_regclass(wanted.relation) and attname = wanted.key
        and indisunique and indimmediate and indisvalid and indpred is null and indnkeyatts = 1
    ) then
      execute format('alter table %s add unique (%I)', wanted.relation, wanted.key);
    end if;
  end loop;
end
$$;

-- All may be null but the keys: rows that the company has made itself have no message. "metadata"
-- and "payload" are the JSON as it came, so they are text.
alter table public.reservas
  add column if not exists status text,
  add column if not exists user_id text,
  add column if not exists content text,
  add column if not exists metadata text,
  add column if not exists message_id text,
  add column if not exists message_timestamp timestamptz;

alter table public.promos
  add column if not exists valid_until timestamptz,
  add column if not exists discount text,
  add column if not exists user_id text,
  add column if not exists content text,
  add column if not exists metadata text,
  add column if not exists message_id text,
  add column if not exists message_timestamp timestamptz;

alter table public.usuarios
  add column if not exists content text,
  add column if not exists metadata text,
  add column if not exists message_id text,
  add column if not exists message_timestamp timestamptz;

alter table public.eventos_blizwork
  add column if not exists environment text,
  add column if not exists process_id text,
  add column if not exists process_version text,
  add column if not exists case_number text,
  add column if not exists payload text,
  add column if not exists received_at timestamptz;

-- An older message never overwrites a newer one, whatever the request says: the row is passed over,
-- and the request has changed no row. Of two at once the second waits for the row, and is then
-- compared with what the first has left. Who means to set a row back sets its message_timestamp to
-- null first.
create or replace function public.sam_callback_pass_over()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return null;
end
$$;

-- A trigger needs no right of its caller's.
revoke all on function public.sam_callback_pass_over() from public;

create or replace trigger sam_callback_order
  before update on public.reservas
  for each row
  when (new.message_timestamp < old.message_timestamp)
  execute function public.sam_callback_pass_over();

create or replace trigger sam_callback_order
  before update on public.promos
  for each row
  when (new.message_timestamp < old.message_timestamp)
  execute function public.sam_callback_pass_over();

create or replace trigger sam_callback_order
  before update on public.usuarios
  for each row
  when (new.message_timestamp < old.message_timestamp)
  execute function public.sam_callback_pass_over();

-- Without a policy no row is seen or changed, but by the owner and those who bypass it.
alter table public.reservas enable row level security;
alter table public.promos enable row level security;
alter table public.usuarios enable row level security;
alter table public.eventos_blizwork enable row level security;

-- To change a row is to find it first; what a message brought is written, and never read back. A
-- reservation is the company's to make.
grant
  select (reservation_id, message_timestamp),
  update (status, user_id, content, metadata, message_id, message_timestamp)
  on public.reservas to sam_callback;

grant
  select (promo_id, message_timestamp),
  insert (promo_id, valid_until, discount, user_id, content, metadata, message_id,
    message_timestamp),
  update (valid_until, discount, user_id, content, metadata, message_id, message_timestamp)
  on public.promos to sam_callback;

grant
  select (user_id, message_timestamp),
  insert (user_id, content, metadata, message_id, message_timestamp),
  update (content, metadata, message_id, message_timestamp)
  on public.usuarios to sam_callback;

grant
  select (token_hash),
  insert (token_hash, environment, process_id, process_version, case_number, payload, received_at)
  on public.eventos_blizwork to sam_callback;

-- `with check` looks at the row as it will be: one without a moment would be open to every older
-- message. A policy cannot compare it with the row as it was; that is what the trigger is for.
drop policy if exists sam_callback_select on public.reservas;
create policy sam_callback_select on public.reservas
  for select to sam_callback using (true);
drop policy if exists sam_callback_update on public.reservas;
create policy sam_callback_update on public.reservas
  for update to sam_callback using (true) with check (message_timestamp is not null);

drop policy if exists sam_callback_select on public.promos;
create policy sam_callback_select on public.promos
  for select to sam_callback using (true);
drop policy if exists sam_callback_insert on public.promos;
create policy sam_callback_insert on public.promos
  for insert to sam_callback with check (message_timestamp is not null);
drop policy if exists sam_callback_update on public.promos;
create policy sam_callback_update on public.promos
  for update to sam_callback using (true) with check (message_timestamp is not null);

drop policy if exists sam_callback_select on public.usuarios;
create policy sam_callback_select on public.usuarios
  for select to sam_callback using (true);
drop policy if exists sam_callback_insert on public.usuarios;
create policy sam_callback_insert on public.usuarios
  for insert to sam_callback with check (message_timestamp is not null);
drop policy if exists sam_callback_update on public.usuarios;
create policy sam_callback_update on public.usuarios
  for update to sam_callback using (true) with check (message_timestamp is not null);

drop policy if exists sam_callback_select on public.eventos_blizwork;
create policy sam_callback_select on public.eventos_blizwork
  for select to sam_callback using (true);
drop policy if exists sam_callback_insert on public.eventos_blizwork;
create policy sam_callback_insert on public.eventos_blizwork
  for insert to sam_callback with check (payload is not null and received_at is not null);

do $$
declare
  supabase_role text;
begin
  foreach supabase_role in array array['anon', 'authenticated', 'service_role'] loop
    if exists (select from pg_roles where rolname = supabase_role) then
      execute format(
        'revoke all on function public.sam_callback_pass_over() from %I', supabase_role
      );
    end if;
  end loop;

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
