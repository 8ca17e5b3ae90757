-- The history of activity, dbo.actividad: one row a request with a valid credential, where
-- activity_table is set; and what Data API builder's user may do to it.
-- It can be run again at any time. A table that exists already keeps its columns and its rows, and
-- gets the columns that it lacks; its primary key must be the one that stands here, since Data API
-- builder names rows by nothing else.

IF DATABASE_PRINCIPAL_ID(N'sam_callback_executor') IS NULL
    CREATE ROLE sam_callback_executor AUTHORIZATION dbo;
GO

-- As the log has them; "ms" is how long the request took, in milliseconds.
IF OBJECT_ID(N'dbo.actividad') IS NULL
    CREATE TABLE dbo.actividad (
        request_id nvarchar(200) NOT NULL CONSTRAINT PK_actividad PRIMARY KEY
    );
IF COL_LENGTH(N'dbo.actividad', N'received_at') IS NULL
    ALTER TABLE dbo.actividad ADD received_at datetimeoffset(6) NULL;
IF COL_LENGTH(N'dbo.actividad', N'source') IS NULL
    ALTER TABLE dbo.actividad ADD source nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.actividad', N'outcome') IS NULL
    ALTER TABLE dbo.actividad ADD outcome nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.actividad', N'status') IS NULL
    ALTER TABLE dbo.actividad ADD status int NULL;
IF COL_LENGTH(N'dbo.actividad', N'row_key') IS NULL
    ALTER TABLE dbo.actividad ADD row_key nvarchar(400) NULL;
IF COL_LENGTH(N'dbo.actividad', N'ms') IS NULL
    ALTER TABLE dbo.actividad ADD ms float NULL;
GO

-- What is looked for is a time; and old rows are deleted by it.
IF INDEXPROPERTY(OBJECT_ID(N'dbo.actividad'), N'IX_actividad_received_at', 'IndexID') IS NULL
    CREATE INDEX IX_actividad_received_at ON dbo.actividad (received_at);
GO

-- To read whole rows is more than is needed, but Data API builder asks for every column when it
-- starts; what it shows of them dab-config.json says. A row is made, and never changed.
GRANT SELECT, INSERT ON dbo.actividad TO sam_callback_executor;
GO
