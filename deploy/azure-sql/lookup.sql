-- What operators ask SAM's database through the component: dbo.ConsultarEjecucion, one row of Ejecuciones
-- by its deployment id, and dbo.EjecucionesSinCallback, the rows that are active too long without a
-- callback. Both only read. Run it after procedure.sql and role.sql; it can be run again at any time.
-- Without them everything else works: set sam_lookup_procedure and sam_overdue_procedure to "-", and
-- remove their entities from dab-config.json.

-- A procedure keeps these two as they were when it was created, and sqlcmd has the second one off.
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

IF DATABASE_PRINCIPAL_ID(N'sam_callback_executor') IS NULL
    CREATE ROLE sam_callback_executor AUTHORIZATION dbo;
GO

CREATE OR ALTER PROCEDURE dbo.ConsultarEjecucion (
    -- Wider than its column, so that an id that is too long is no other row's.
    @DeploymentId nvarchar(51)
)
AS
BEGIN
    SET NOCOUNT ON;

    -- A table variable is what lets Data API builder find the columns without running anything, and the
    -- history be missing.
    DECLARE @Fila TABLE (
        DeploymentId nvarchar(50) NOT NULL,
        RobotId int NULL,
        Estado nvarchar(20) NOT NULL,
        FechaInicio datetime2(0) NULL,
        FechaInicioReal datetime NULL,
        FechaFin datetime2(0) NULL,
        FechaActualizacion datetime2(0) NULL,
        FechaUltimoUNKNOWN datetime NULL,
        ConCallback bit NOT NULL,
        Historico bit NOT NULL
    );

    -- Whether there is a callback, and not the callback itself: that has what the robot knows.
    INSERT INTO @Fila
    SELECT DeploymentId, RobotId, Estado, FechaInicio, FechaInicioReal, FechaFin, FechaActualizacion,
        FechaUltimoUNKNOWN, IIF(CallbackInfo IS NULL, 0, 1), 0
    FROM dbo.Ejecuciones
    WHERE DeploymentId = @DeploymentId;

    -- SAM moves rows that have ended, and those it has given up, to the history each night. Historico = 1
    -- tells such a row from one that was never inserted. OBJECT_ID sees the table only for a caller who
    -- has some right on it: role.sql grants that of the key.
    IF NOT EXISTS (SELECT 1 FROM @Fila) AND OBJECT_ID(N'dbo.Ejecuciones_Historico') IS NOT NULL
        INSERT INTO @Fila
        SELECT TOP (1) DeploymentId, RobotId, Estado, FechaInicio, FechaInicioReal, FechaFin,
            FechaActualizacion, FechaUltimoUNKNOWN, IIF(CallbackInfo IS NULL, 0, 1), 1
        FROM dbo.Ejecuciones_Historico
        WHERE DeploymentId = @DeploymentId;

    SELECT DeploymentId, RobotId, Estado, FechaInicio, FechaInicioReal, FechaFin, FechaActualizacion,
        FechaUltimoUNKNOWN, ConCallback, Historico
    FROM @Fila;
END;
GO

CREATE OR ALTER PROCEDURE dbo.EjecucionesSinCallback (
    @Minutos int
)
AS
BEGIN
    SET NOCOUNT ON;

    IF @Minutos IS NULL OR @Minutos < 0
        THROW 50004, N'@Minutos must be 0 or more.', 1;

    -- The states are those of procedure.sql: where one changes, change the other. UNKNOWN is among the
    -- others: the Conciliador has given the row up, and its robot should have called all the more.
    SELECT TOP (200) DeploymentId, Estado, FechaInicio
    FROM dbo.Ejecuciones
    WHERE CallbackInfo IS NULL
        AND FechaInicio <= DATEADD(minute, -@Minutos, SYSDATETIME())
        AND Estado NOT IN (N'COMPLETED', N'RUN_COMPLETED', N'RUN_FAILED', N'DEPLOY_FAILED',
                           N'RUN_ABORTED', N'COMPLETED_INFERRED')
    ORDER BY FechaInicio, DeploymentId;
END;
GO

GRANT EXECUTE ON dbo.ConsultarEjecucion TO sam_callback_executor;
GRANT EXECUTE ON dbo.EjecucionesSinCallback TO sam_callback_executor;
GO
