-- What Data API builder's user may do in SAM's database: execute that one procedure. It needs no
-- right on the table, since the procedure and the table have the same owner.
-- It can be run again at any time. README.md says how a user becomes a member.

IF DATABASE_PRINCIPAL_ID(N'sam_callback_executor') IS NULL
    CREATE ROLE sam_callback_executor AUTHORIZATION dbo;
GO

GRANT EXECUTE ON dbo.ActualizarEjecucionDesdeCallback TO sam_callback_executor;
GO
