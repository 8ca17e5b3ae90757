# Every minute, as the tasks' account: delivers what waits for the database, puts a long log aside, and
# writes to the Event Log when something died or waits too long. The token is read from .env, so that it
# stands on no command line.
#
#Requires -Version 5.1
[CmdletBinding()]
param(
    # Where the component is, with root_path behind it if that is set.
    [string] $Origin = 'http://127.0.0.1:3000',
    [string] $Folder = $PSScriptRoot,
    # In bytes: 64 MiB.
    [long] $LongestLog = 67108864,
    [int] $KeptLogs = 20,
    # In seconds: how long a change may wait before the Event Log says so.
    [int] $LongestWait = 300
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12

# The first of its words: there are several while the token is being replaced.
function Get-Token {
    $secrets = Join-Path $Folder '.env'
    $pattern = '^\s*SPIN_VARIABLE_ADMIN_TOKEN\s*=\s*["'']?([^\s"'']+)'
    $found = Select-String -Path $secrets -Pattern $pattern | Select-Object -First 1
    if ($found) { $found.Matches[0].Groups[1].Value }
}

# The server has the file open and goes on appending, so it is copied and then cut to nothing.
function Move-LongLog([string] $Path) {
    $log = [IO.File]::Open($Path, 'Open', 'ReadWrite', 'ReadWrite')
    try {
        if ($log.Length -le $LongestLog) { return }
        $aside = [IO.File]::Create('{0}.{1:yyyyMMdd-HHmmss}' -f $Path, (Get-Date))
        try { $log.CopyTo($aside) } finally { $aside.Dispose() }
        $log.SetLength(0)
    }
    finally { $log.Dispose() }
    Get-ChildItem -Path "$Path.*" | Sort-Object -Property Name -Descending |
        Select-Object -Skip $KeptLogs | Remove-Item
}

# One entry as it begins and one when it is over: what was said is kept in a file beside the store.
function Write-Change([string] $Name, [bool] $IsWrong, [int] $EventId, [string] $Wrong, [string] $Over) {
    $said = Join-Path $Folder "state\said-$Name"
    $wasWrong = Test-Path $said
    if ($IsWrong -eq $wasWrong) { return }
    $entry = @{ LogName = 'Application'; Source = 'sam-callback' }
    if ($IsWrong) {
        Write-EventLog @entry -EntryType Error -EventId $EventId -Message $Wrong
        New-Item -ItemType File -Path $said | Out-Null
    }
    else {
        Write-EventLog @entry -EntryType Information -EventId ($EventId + 1) -Message $Over
        Remove-Item -Path $said
    }
}

foreach ($log in Get-ChildItem -Path (Join-Path $Folder 'log') -Filter '*.txt') {
    Move-LongLog $log.FullName
}

# Without a token any request carries the outbox forward, though not as far. What is not answered,
# or not with 200, is an error: the task's last result is then not 0.
$call = @{ Uri = "$Origin/health"; UseBasicParsing = $true; TimeoutSec = 60 }
$token = Get-Token
if ($token) {
    $call.Uri = "$Origin/admin/outbox/drain"
    $call.Method = 'Post'
    $call.Headers = @{ Authorization = "Bearer $token" }
}
try { Invoke-RestMethod @call | Out-Null }
catch {
    Write-Change 'away' $true 100 "sam-callback no responde en ${Origin}: $_" ''
    throw
}
Write-Change 'away' $false 100 '' "sam-callback responde de nuevo en $Origin."
if (-not $token) { return }

$call.Uri = "$Origin/admin/outbox/stats"
$call.Method = 'Get'
$stats = Invoke-RestMethod @call
Write-Change 'dead' ($stats.dead -gt 0) 110 `
    "Entregas fallidas: $($stats.dead). Esperan a una persona: vea $Origin/panel." `
    'Ya no hay entregas fallidas.'
Write-Change 'waiting' ($stats.oldestSeconds -gt $LongestWait) 120 `
    "Esperan $($stats.waiting) cambios; el primero, desde hace $($stats.oldestSeconds) s." `
    'Ya no hay cambios que esperen demasiado.'
