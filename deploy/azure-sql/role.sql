-- What Data API builder's user may do in SAM's database: execute that one procedure. It needs no
-- right on Ejecuciones, since the procedure and the table have the same owner.
-- It can be run again at any time, and has to be where Ejecuciones_Historico comes later.
-- README.md says how a user becomes a member.

IF DATABASE_PRINCIPAL_ID(N'sam_callback_executor') IS NULL
    CREATE ROLE sam_callback_executor AUTHORIZATION dbo;
GO

GRANT EXECUTE ON dbo.ActualizarEjecucionDesdeCallback TO sam_callback_executor;
GO

-- Whoever has no right at all on a table does not see that it is there: OBJECT_ID would be NULL for
-- the role, and the procedure would take the history for one that does not exist. The key is all
-- that the procedure looks at, and Data API builder exposes nothing of it.
IF OBJECT_ID(N'dbo.Ejecuciones_Historico') IS NOT NULL
    GRANT SELECT (DeploymentId) ON dbo.Ejecuciones_Historico TO sam_callback_executor;
GO
