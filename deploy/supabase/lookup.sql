-- What operators ask SAM's database through the component: "ConsultarEjecucion", one row of "Ejecuciones" by
-- its deployment id, and "EjecucionesSinCallback", the rows that are active too long without a callback.
-- Both only read. Run it after schema.sql; it may be run again at any time. Without them everything else
-- works: set sam_lookup_procedure and sam_overdue_procedure to "-".

begin;

-- The types of their rows. A function's own result columns could not have its parameter's name.
do $$
begin
  if to_regtype('public."EjecucionConsultada"') is null then
    create type public."EjecucionConsultada" as (
      "DeploymentId" text,
      "RobotId" int,
      "Estado" text,
      "FechaInicio" timestamp(0),
      "FechaInicioReal" timestamp(3),
      "FechaFin" timestamp(0),
      "FechaActualizacion" timestamp(0),
      "FechaUltimoUNKNOWN" timestamp(3),
      "ConCallback" boolean,
      "Historico" boolean
    );
  end if;
end
$$;

create or replace function public."ConsultarEjecucion"("DeploymentId" text)
returns setof public."EjecucionConsultada"
language plpgsql
stable
-- With its owner's rights: the caller has none on the table.
security definer
-- Nothing that a caller has put into another schema stands in for what is named here.
set search_path = pg_catalog, pg_temp
as $$
declare
  deployment alias for $1;
begin
  -- Whether there is a callback, and not the callback itself: that has what the robot knows.
  return query
    select e."DeploymentId"::text, e."RobotId", e."Estado"::text, e."FechaInicio", e."FechaInicioReal",
      e."FechaFin", e."FechaActualizacion", e."FechaUltimoUNKNOWN", e."CallbackInfo" is not null, false
    from public."Ejecuciones" as e
    where e."DeploymentId" = deployment;
  if found or to_regclass('public."Ejecuciones_Historico"') is null then
    return;
  end if;
  -- SAM moves rows that have ended, and those it has given up, to the history each night. "Historico"
  -- tells such a row from one that was never inserted. Where there is no such table the query is never
  -- planned.
  return query
    select h."DeploymentId"::text, h."RobotId", h."Estado"::text, h."FechaInicio", h."FechaInicioReal",
      h."FechaFin", h."FechaActualizacion", h."FechaUltimoUNKNOWN", h."CallbackInfo" is not null, true
    from public."Ejecuciones_Historico" as h
    where h."DeploymentId" = deployment
    limit 1;
end
$$;

create or replace function public."EjecucionesSinCallback"("Minutos" int)
returns table ("DeploymentId" text, "Estado" text, "FechaInicio" timestamp(0))
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  minutes alias for $1;
  -- Those of schema.sql: where one changes, change the other. UNKNOWN is none of them: the Conciliador has
  -- given the row up, and its robot should have called all the more.
  final_states constant text[] := array[
    'COMPLETED', 'RUN_COMPLETED', 'RUN_FAILED', 'DEPLOY_FAILED', 'RUN_ABORTED', 'COMPLETED_INFERRED'
  ];
begin
  if minutes is null or minutes < 0 then
    raise exception 'Minutos must be 0 or more' using errcode = 'invalid_parameter_value';
  end if;
  return query
    select e."DeploymentId"::text, e."Estado"::text, e."FechaInicio"
    from public."Ejecuciones" as e
    where e."CallbackInfo" is null
      and e."FechaInicio" <= localtimestamp - make_interval(mins => minutes)
      and upper(e."Estado" collate "C") <> all (final_states)
    order by e."FechaInicio", e."DeploymentId"
    limit 200;
end
$$;

-- PostgreSQL lets everybody execute a new function, and Supabase grants it by name as well.
revoke all on function public."ConsultarEjecucion"(text), public."EjecucionesSinCallback"(int) from public;

do $$
declare
  supabase_role text;
begin
  foreach supabase_role in array array['anon', 'authenticated', 'service_role'] loop
    if exists (select from pg_roles where rolname = supabase_role) then
      execute format(
        'revoke all on function public."ConsultarEjecucion"(text),
           public."EjecucionesSinCallback"(int) from %I',
        supabase_role
      );
    end if;
  end loop;
end
$$;

grant execute on function public."ConsultarEjecucion"(text), public."EjecucionesSinCallback"(int)
  to sam_callback;

-- PostgREST looks at the schema again.
notify pgrst, 'reload schema';

commit;
