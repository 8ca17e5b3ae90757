-- Only for `sam_write=table`, after schema.sql: sam-callback changes rows of "Ejecuciones" itself
-- instead of calling the function. It may be run again at any time.
--
-- More is open this way: whoever has the token can read the state of every row, and write the five
-- columns of rows that are not final. Back to `sam_write=procedure`:
--
--   revoke all on public."Ejecuciones" from sam_callback;
--   revoke select ("DeploymentId", "Estado", "FechaFin", "FechaInicioReal", "FechaActualizacion"),
--     update ("Estado", "FechaFin", "FechaInicioReal", "FechaActualizacion", "CallbackInfo")
--     on public."Ejecuciones" from sam_callback;

begin;

-- Not the payload, which has the robot's output: it is written, and never read back.
grant
  select ("DeploymentId", "Estado", "FechaFin", "FechaInicioReal", "FechaActualizacion"),
  update ("Estado", "FechaFin", "FechaInicioReal", "FechaActualizacion", "CallbackInfo")
  on public."Ejecuciones" to sam_callback;

-- To change a row is to find it first.
drop policy if exists sam_callback_select on public."Ejecuciones";
create policy sam_callback_select on public."Ejecuciones"
  for select to sam_callback
  using (true);

-- The states are the component's sam_final_states: where one changes, change the other.
--
-- `using` looks at the row as it was, and keeps final ones from being changed whatever the request
-- asks for. `with check` looks at the row as it will be: without one `using` would be taken for it,
-- and no row could become final.
drop policy if exists sam_callback_update on public."Ejecuciones";
create policy sam_callback_update on public."Ejecuciones"
  for update to sam_callback
  using (
    upper("Estado" collate "C") <> all (array[
      'COMPLETED', 'RUN_COMPLETED', 'RUN_FAILED', 'DEPLOY_FAILED', 'RUN_ABORTED', 'COMPLETED_INFERRED'
    ])
  )
  with check (true);

notify pgrst, 'reload schema';

commit;
