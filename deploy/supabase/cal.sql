-- The table of Cal.com's bookings, "reservas_cal", and what sam-callback may do to it. For Supabase, or
-- PostgreSQL 15 or newer behind PostgREST. It needs neither schema.sql nor messages.sql, and leaves
-- alone what those have made.
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
  supabase_role text;
begin
  if to_regclass('public.reservas_cal') is null then
    create table public.reservas_cal (uid text primary key);
    -- Supabase gives every right on a new table to these.
    foreach supabase_role in array array['anon', 'authenticated'] loop
      if exists (select from pg_roles where rolname = supabase_role) then
        execute format('revoke all on public.reservas_cal from %I', supabase_role);
      end if;
    end loop;

  -- "on conflict" takes a unique key at its word only where each statement keeps it.
  elsif not exists (
    select
    from pg_index
    join pg_attribute on attrelid = indrelid and attnum = indkey[0]
    where indrelid = to_regclass('public.reservas_cal') and attname = 'uid'
      and indisunique and indimmediate and indisvalid and indpred is null and indnkeyatts = 1
  ) then
    alter table public.reservas_cal add unique (uid);
  end if;
end
$$;

-- "payload" is the event's JSON as it came, so it is text. "reschedule_uid" is the booking that this
-- one replaces; that one has a row of its own. "event_timestamp" is the event's createdAt.
alter table public.reservas_cal
  add column if not exists booking_id text,
  add column if not exists trigger_event text,
  add column if not exists status text,
  add column if not exists title text,
  add column if not exists start_time timestamptz,
  add column if not exists end_time timestamptz,
  add column if not exists reschedule_uid text,
  add column if not exists payload text,
  add column if not exists event_timestamp timestamptz;

-- An older event never overwrites a newer one, whatever the request says: the row is passed over, and
-- the request has changed no row. Of two at once the second waits for the row, and is then compared
-- with what the first has left. Who means to set a row back sets its event_timestamp to null first.
-- The function is that of messages.sql.
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
  before update on public.reservas_cal
  for each row
  when (new.event_timestamp < old.event_timestamp)
  execute function public.sam_callback_pass_over();

-- Without a policy no row is seen or changed, but by the owner and those who bypass it.
alter table public.reservas_cal enable row level security;

-- To change a row is to find it first; what an event brought is written, and never read back.
grant
  select (uid, event_timestamp),
  insert (uid, booking_id, trigger_event, status, title, start_time, end_time, reschedule_uid,
    payload, event_timestamp),
  update (booking_id, trigger_event, status, title, start_time, end_time, reschedule_uid, payload,
    event_timestamp)
  on public.reservas_cal to sam_callback;

-- `with check` looks at the row as it will be: one without a moment would be open to every older
-- event. A policy cannot compare it with the row as it was; that is what the trigger is for.
drop policy if exists sam_callback_select on public.reservas_cal;
create policy sam_callback_select on public.reservas_cal
  for select to sam_callback using (true);
drop policy if exists sam_callback_insert on public.reservas_cal;
create policy sam_callback_insert on public.reservas_cal
  for insert to sam_callback with check (event_timestamp is not null);
drop policy if exists sam_callback_update on public.reservas_cal;
create policy sam_callback_update on public.reservas_cal
  for update to sam_callback using (true) with check (event_timestamp is not null);

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
