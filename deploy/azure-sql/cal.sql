-- The table of Cal.com's bookings, dbo.reservas_cal, and what Data API builder's user may do to it.
-- It can be run again at any time. A table that exists already keeps its columns and its rows, and
-- gets the columns that it lacks; its primary key must be the one that stands here, since Data API
-- builder names rows by nothing else.

-- The trigger keeps these two as they were when it was created; sqlcmd has the second one off.
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

IF DATABASE_PRINCIPAL_ID(N'sam_callback_executor') IS NULL
    CREATE ROLE sam_callback_executor AUTHORIZATION dbo;
GO

-- "payload" is the event's JSON as it came. "reschedule_uid" is the booking that this one replaces;
-- that one has a row of its own. "event_timestamp" is the event's createdAt.
IF OBJECT_ID(N'dbo.reservas_cal') IS NULL
    CREATE TABLE dbo.reservas_cal (
        uid nvarchar(200) NOT NULL CONSTRAINT PK_reservas_cal PRIMARY KEY
    );
IF COL_LENGTH(N'dbo.reservas_cal', N'booking_id') IS NULL
    ALTER TABLE dbo.reservas_cal ADD booking_id nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.reservas_cal', N'trigger_event') IS NULL
    ALTER TABLE dbo.reservas_cal ADD trigger_event nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.reservas_cal', N'status') IS NULL
    ALTER TABLE dbo.reservas_cal ADD status nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.reservas_cal', N'title') IS NULL
    ALTER TABLE dbo.reservas_cal ADD title nvarchar(max) NULL;
IF COL_LENGTH(N'dbo.reservas_cal', N'start_time') IS NULL
    ALTER TABLE dbo.reservas_cal ADD start_time datetimeoffset(6) NULL;
IF COL_LENGTH(N'dbo.reservas_cal', N'end_time') IS NULL
    ALTER TABLE dbo.reservas_cal ADD end_time datetimeoffset(6) NULL;
IF COL_LENGTH(N'dbo.reservas_cal', N'reschedule_uid') IS NULL
    ALTER TABLE dbo.reservas_cal ADD reschedule_uid nvarchar(200) NULL;
IF COL_LENGTH(N'dbo.reservas_cal', N'payload') IS NULL
    ALTER TABLE dbo.reservas_cal ADD payload nvarchar(max) NULL;
IF COL_LENGTH(N'dbo.reservas_cal', N'event_timestamp') IS NULL
    ALTER TABLE dbo.reservas_cal ADD event_timestamp datetimeoffset(6) NULL;
GO

-- Data API builder looks at the row, and then changes it. A newer event that comes in between would be
-- written over, so the row gets back what that one has left, before the change's lock on it ends. Who
-- means to set a row back sets its event_timestamp to NULL first. The first line is for statements
-- that move keys, after which a row's key no longer says which row it was, and for databases in which
-- triggers fire themselves (RECURSIVE_TRIGGERS). Data API builder never sets a key.
CREATE OR ALTER TRIGGER dbo.reservas_cal_sam_callback ON dbo.reservas_cal
AFTER UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF UPDATE(uid) OR NOT EXISTS (SELECT 1 FROM deleted) RETURN;
    UPDATE now_there
    SET booking_id = was.booking_id,
        trigger_event = was.trigger_event,
        status = was.status,
        title = was.title,
        start_time = was.start_time,
        end_time = was.end_time,
        reschedule_uid = was.reschedule_uid,
        payload = was.payload,
        event_timestamp = was.event_timestamp
    FROM dbo.reservas_cal AS now_there
    INNER JOIN deleted AS was ON was.uid = now_there.uid
    WHERE now_there.event_timestamp < was.event_timestamp;
END;
GO

-- To read whole rows is more than is needed, but Data API builder asks for every column when it
-- starts; what it shows of them dab-config.json says.
GRANT SELECT, INSERT,
    UPDATE (booking_id, trigger_event, status, title, start_time, end_time, reschedule_uid, payload, event_timestamp)
    ON dbo.reservas_cal TO sam_callback_executor;
GO
