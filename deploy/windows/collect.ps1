# Collects from the mailbox of another instance, as the tasks' account: one call after the other, so that a
# change comes as soon as it is there. A call that fails ends it with an error, and Task Scheduler starts it
# again within a minute. The token is read from .env, so that it stands on no command line.
#
#Requires -Version 5.1
[CmdletBinding()]
param(
    # Where the component is, with root_path behind it if that is set.
    [string] $Origin = 'http://127.0.0.1:3000',
    [string] $Folder = $PSScriptRoot,
    # For how long each call collects.
    [ValidateRange(1, 300)][int] $Seconds = 50,
    # After so many calls it ends, and the next one reads the token anew.
    [int] $Calls = 60
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12

# The first of its words: there are several while the token is being replaced.
$secrets = Join-Path $Folder '.env'
$pattern = '^\s*SPIN_VARIABLE_ADMIN_TOKEN\s*=\s*["'']?([^\s"'']+)'
$found = Select-String -Path $secrets -Pattern $pattern | Select-Object -First 1
if (-not $found) { throw "There is no SPIN_VARIABLE_ADMIN_TOKEN in $secrets" }

$call = @{
    Uri = "$Origin/admin/collect?seconds=$Seconds"
    Method = 'Post'
    Headers = @{ Authorization = "Bearer $($found.Matches[0].Groups[1].Value)" }
    UseBasicParsing = $true
    TimeoutSec = $Seconds + 60
}
# What is not answered with 200 is an error: the task's last result is then not 0.
for ($done = 0; $done -lt $Calls; $done++) {
    $reply = Invoke-RestMethod @call
    # Another task is at it: it would be answered at once, again and again.
    if ($reply.result -eq 'already_collecting') { Start-Sleep -Seconds 10 }
}
