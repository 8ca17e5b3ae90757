-- The tables of signed messages, dbo.reservas, dbo.promos and dbo.usuarios, the table of BlizWork's
-- calls, dbo.eventos_blizwork, and what Data API builder's user may do to them.
-- It can be run again at any time. A table that exists already keeps its columns and its rows, and
-- gets the columns that it lacks; its primary key must be the one that stands here, since Data API
-- builder names rows by nothing else.

-- The triggers keep these two as they were when they were created; sqlcmd has the second one off.
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

IF DATABASE_PRINCIPAL_ID(N'sam_callback_executor') IS NULL
    CREATE ROLE sam_callback_executor AUTHORIZATION dbo;
GO

-- All may be null but the keys: rows that the company has made itself have no message. "metadata"
-- and "payload" are the JSON as it came.
IF OBJECT_ID(N'dbo.reservas') IS NULL
    CREATE TABLE dbo.reservas (
        reservation_id nvarchar(200) NOT NULL CONSTRAINT PK_reservas PRIMARY KEY
    );
IF COL_LENGTH(N'dbo.reservas', N'status') IS NULL
    ALTER TABLE dbo.reservas ADD status nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.reservas', N'user_id') IS NULL
    ALTER TABLE dbo.reservas ADD user_id nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.reservas', N'content') IS NULL
    ALTER TABLE dbo.reservas ADD content nvarchar(max) NULL;
IF COL_LENGTH(N'dbo.reservas', N'metadata') IS NULL
    ALTER TABLE dbo.reservas ADD metadata nvarchar(max) NULL;
IF COL_LENGTH(N'dbo.reservas', N'message_id') IS NULL
    ALTER TABLE dbo.reservas ADD message_id nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.reservas', N'message_timestamp') IS NULL
    ALTER TABLE dbo.reservas ADD message_timestamp datetimeoffset(6) NULL;
GO

IF OBJECT_ID(N'dbo.promos') IS NULL
    CREATE TABLE dbo.promos (
        promo_id nvarchar(200) NOT NULL CONSTRAINT PK_promos PRIMARY KEY
    );
IF COL_LENGTH(N'dbo.promos', N'valid_until') IS NULL
    ALTER TABLE dbo.promos ADD valid_until datetimeoffset(6) NULL;
IF COL_LENGTH(N'dbo.promos', N'discount') IS NULL
    ALTER TABLE dbo.promos ADD discount nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.promos', N'user_id') IS NULL
    ALTER TABLE dbo.promos ADD user_id nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.promos', N'content') IS NULL
    ALTER TABLE dbo.promos ADD content nvarchar(max) NULL;
IF COL_LENGTH(N'dbo.promos', N'metadata') IS NULL
    ALTER TABLE dbo.promos ADD metadata nvarchar(max) NULL;
IF COL_LENGTH(N'dbo.promos', N'message_id') IS NULL
    ALTER TABLE dbo.promos ADD message_id nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.promos', N'message_timestamp') IS NULL
    ALTER TABLE dbo.promos ADD message_timestamp datetimeoffset(6) NULL;
GO

IF OBJECT_ID(N'dbo.usuarios') IS NULL
    CREATE TABLE dbo.usuarios (
        user_id nvarchar(200) NOT NULL CONSTRAINT PK_usuarios PRIMARY KEY
    );
IF COL_LENGTH(N'dbo.usuarios', N'content') IS NULL
    ALTER TABLE dbo.usuarios ADD content nvarchar(max) NULL;
IF COL_LENGTH(N'dbo.usuarios', N'metadata') IS NULL
    ALTER TABLE dbo.usuarios ADD metadata nvarchar(max) NULL;
IF COL_LENGTH(N'dbo.usuarios', N'message_id') IS NULL
    ALTER TABLE dbo.usuarios ADD message_id nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.usuarios', N'message_timestamp') IS NULL
    ALTER TABLE dbo.usuarios ADD message_timestamp datetimeoffset(6) NULL;
GO

-- The key is a SHA-256 in hex.
IF OBJECT_ID(N'dbo.eventos_blizwork') IS NULL
    CREATE TABLE dbo.eventos_blizwork (
        token_hash char(64) NOT NULL CONSTRAINT PK_eventos_blizwork PRIMARY KEY
    );
IF COL_LENGTH(N'dbo.eventos_blizwork', N'environment') IS NULL
    ALTER TABLE dbo.eventos_blizwork ADD environment nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.eventos_blizwork', N'process_id') IS NULL
    ALTER TABLE dbo.eventos_blizwork ADD process_id nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.eventos_blizwork', N'process_version') IS NULL
    ALTER TABLE dbo.eventos_blizwork ADD process_version nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.eventos_blizwork', N'case_number') IS NULL
    ALTER TABLE dbo.eventos_blizwork ADD case_number nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.eventos_blizwork', N'payload') IS NULL
    ALTER TABLE dbo.eventos_blizwork ADD payload nvarchar(max) NULL;
IF COL_LENGTH(N'dbo.eventos_blizwork', N'received_at') IS NULL
    ALTER TABLE dbo.eventos_blizwork ADD received_at datetimeoffset(6) NULL;
GO

-- Data API builder looks at the row, and then changes it. A newer message that comes in between
-- would be written over, so the row gets back what that one has left, before the change's lock on
-- it ends. Who means to set a row back sets its message_timestamp to NULL first. The first line of
-- each is for statements that move keys, after which a row's key no longer says which row it was,
-- and for databases in which triggers fire themselves (RECURSIVE_TRIGGERS). Data API builder never
-- sets a key.
CREATE OR ALTER TRIGGER dbo.reservas_sam_callback ON dbo.reservas
AFTER UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF UPDATE(reservation_id) OR NOT EXISTS (SELECT 1 FROM deleted) RETURN;
    UPDATE now_there
    SET status = was.status,
        user_id = was.user_id,
        content = was.content,
        metadata = was.metadata,
        message_id = was.message_id,
        message_timestamp = was.message_timestamp
    FROM dbo.reservas AS now_there
    INNER JOIN deleted AS was ON was.reservation_id = now_there.reservation_id
    WHERE now_there.message_timestamp < was.message_timestamp;
END;
GO

CREATE OR ALTER TRIGGER dbo.promos_sam_callback ON dbo.promos
AFTER UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF UPDATE(promo_id) OR NOT EXISTS (SELECT 1 FROM deleted) RETURN;
    UPDATE now_there
    SET valid_until = was.valid_until,
        discount = was.discount,
        user_id = was.user_id,
        content = was.content,
        metadata = was.metadata,
        message_id = was.message_id,
        message_timestamp = was.message_timestamp
    FROM dbo.promos AS now_there
    INNER JOIN deleted AS was ON was.promo_id = now_there.promo_id
    WHERE now_there.message_timestamp < was.message_timestamp;
END;
GO

CREATE OR ALTER TRIGGER dbo.usuarios_sam_callback ON dbo.usuarios
AFTER UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF UPDATE(user_id) OR NOT EXISTS (SELECT 1 FROM deleted) RETURN;
    UPDATE now_there
    SET content = was.content,
        metadata = was.metadata,
        message_id = was.message_id,
        message_timestamp = was.message_timestamp
    FROM dbo.usuarios AS now_there
    INNER JOIN deleted AS was ON was.user_id = now_there.user_id
    WHERE now_there.message_timestamp < was.message_timestamp;
END;
GO

-- To read whole rows is more than is needed, but Data API builder asks for every column when it
-- starts; what it shows of them dab-config.json says. A reservation is the company's to make, and
-- a call of BlizWork's is never changed.
GRANT SELECT, UPDATE (status, user_id, content, metadata, message_id, message_timestamp)
    ON dbo.reservas TO sam_callback_executor;
GRANT SELECT, INSERT,
    UPDATE (valid_until, discount, user_id, content, metadata, message_id, message_timestamp)
    ON dbo.promos TO sam_callback_executor;
GRANT SELECT, INSERT, UPDATE (content, metadata, message_id, message_timestamp)
    ON dbo.usuarios TO sam_callback_executor;
GRANT SELECT, INSERT ON dbo.eventos_blizwork TO sam_callback_executor;
GO
