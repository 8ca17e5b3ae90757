-- The one write a callback makes to SAM. Data API builder exposes this procedure and nothing else.
-- It can be run again at any time; a database it is already in gets this version of it.
--
-- The list of final states stands here twice, in NOT IN and in IN. It has to be the component's
-- sam_final_states: where one changes, change the other.

-- A procedure keeps these two as they were when it was created, and sqlcmd starts with
-- QUOTED_IDENTIFIER OFF. The UPDATE would then fail on the day somebody adds a filtered index
-- or an index on a computed column to the table.
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

CREATE OR ALTER PROCEDURE dbo.ActualizarEjecucionDesdeCallback (
    -- A value that is too long for its parameter is cut off before the procedure sees it. So
    -- these are one character wider than their columns: enough to notice, and to refuse.
    @DeploymentId nvarchar(51),
    @Estado nvarchar(21),
    @CallbackInfo nvarchar(max)
)
AS
BEGIN
    SET NOCOUNT ON;
    -- A caller that stops waiting would otherwise leave the transaction open, and the row locked.
    SET XACT_ABORT ON;

    -- LEN() does not count spaces at the end: so it is 0 for spaces alone, which are equal to N''
    -- here, and it is no measure of what is too long, since half a key can be another row's.
    IF @DeploymentId IS NULL OR LEN(@DeploymentId) = 0 OR DATALENGTH(@DeploymentId) > 100
        THROW 50001, N'@DeploymentId must have 1 to 50 characters, not spaces alone.', 1;
    IF @Estado IS NULL OR LEN(@Estado) = 0 OR DATALENGTH(@Estado) > 40
        THROW 50002, N'@Estado must have 1 to 20 characters, not spaces alone.', 1;
    -- In the reports a final state without it is one the Conciliador has found, not a callback.
    IF @CallbackInfo IS NULL OR DATALENGTH(@CallbackInfo) = 0
        THROW 50003, N'@CallbackInfo must not be empty.', 1;

    -- The server's local time, as everywhere in SAM. It is read once and to the second, so that all
    -- dates of one callback are the same moment whatever the precision of their columns.
    DECLARE @Ahora datetime2(0) = SYSDATETIME();

    -- OUTPUT needs a place to go to: without INTO it fails on a table that has a trigger.
    DECLARE @Cambiadas TABLE (EjecucionId int NOT NULL);

    -- Of two callbacks at once only one finds the row not final. The UPDATE takes an update lock on
    -- the row before it judges the row, and one transaction at a time can have that lock, until it
    -- commits. The other waits, then judges the row as it is by then.
    -- READ_COMMITTED_SNAPSHOT does not change this: only reads use the snapshot, and an UPDATE does
    -- not look for its rows there. Nor does optimized locking, which may judge a row before it
    -- locks it, but never where OUTPUT goes into a table variable. Under SNAPSHOT isolation the
    -- second callback gets error 3960 and can be sent again.
    --
    -- ISNULL and not COALESCE: its result has the type of FechaInicioReal, so a start that is known
    -- already is not rounded to the second.
    UPDATE dbo.Ejecuciones
    SET Estado = @Estado,
        FechaFin = @Ahora,
        FechaInicioReal = ISNULL(FechaInicioReal, @Ahora),
        FechaActualizacion = @Ahora,
        CallbackInfo = @CallbackInfo
    OUTPUT inserted.EjecucionId INTO @Cambiadas (EjecucionId)
    WHERE DeploymentId = @DeploymentId
        AND Estado NOT IN (N'COMPLETED', N'RUN_COMPLETED', N'RUN_FAILED', N'DEPLOY_FAILED',
                           N'RUN_ABORTED', N'COMPLETED_INFERRED');

    -- SAM moves rows that have ended, and those it has given up (UNKNOWN), to the history each
    -- night. What stands there is not changed any more, whatever its state is, so a callback for it
    -- has nothing to wait for. It is looked at last: a row that is moved meanwhile is found.
    -- Where there is no such table the query is never compiled. It is no dynamic SQL, which would
    -- need the caller's own right to read the table. OBJECT_ID sees the table only for a caller who
    -- has some right on it: role.sql grants that of the key.
    DECLARE @EnHistorico bit = 0;
    IF NOT EXISTS (SELECT 1 FROM dbo.Ejecuciones WHERE DeploymentId = @DeploymentId)
        AND OBJECT_ID(N'dbo.Ejecuciones_Historico') IS NOT NULL
        SELECT @EnHistorico = 1
        FROM dbo.Ejecuciones_Historico
        WHERE DeploymentId = @DeploymentId;

    -- A row that the Lanzador inserts between the statements exists by now and is not final. It is
    -- not ALREADY_PROCESSED, or its callback would be lost: NOT_FOUND has it sent again.
    -- One SELECT for all outcomes lets Data API builder find the column without running anything.
    SELECT CAST(CASE
        WHEN EXISTS (SELECT 1 FROM @Cambiadas) THEN N'UPDATED'
        WHEN EXISTS (SELECT 1
                     FROM dbo.Ejecuciones
                     WHERE DeploymentId = @DeploymentId
                         AND Estado IN (N'COMPLETED', N'RUN_COMPLETED', N'RUN_FAILED',
                                        N'DEPLOY_FAILED', N'RUN_ABORTED', N'COMPLETED_INFERRED'))
            THEN N'ALREADY_PROCESSED'
        WHEN @EnHistorico = 1 THEN N'ALREADY_PROCESSED'
        ELSE N'NOT_FOUND'
    END AS nvarchar(20)) AS Resultado;
END;
GO
