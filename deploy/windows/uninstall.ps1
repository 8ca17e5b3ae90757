# Removes the service, its task and its programs. Settings, secrets, the log and what waits stay, unless
# -RemoveData is given. With -WhatIf it only says what it would do.
#
#Requires -Version 5.1
#Requires -RunAsAdministrator
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [ValidatePattern('^\S+$')][string] $Folder = 'C:\sam-callback',
    [ValidatePattern('^[A-Za-z0-9-]+$')][string] $Name = 'sam-callback',
    [ValidatePattern('^\S+$')][string] $Origin = 'http://127.0.0.1:3000',
    # Also settings, secrets, log and store: what waits there is lost.
    [switch] $RemoveData,
    # Even though something waits, or nobody can say whether it does.
    [switch] $Force
)
. (Join-Path $PSScriptRoot 'common.ps1')
$Caller = $PSCmdlet

# What only this server has: accepted callbacks that SAM does not have yet.
function Assert-NothingWaits {
    $pattern = '^\s*SPIN_VARIABLE_ADMIN_TOKEN\s*=\s*["'']?([^\s"'']+)'
    $found = Select-String -Path (Join-Path $Folder '.env') -Pattern $pattern | Select-Object -First 1
    if (-not $found) { throw 'Sin admin_token no se puede saber si algo espera. Con -Force se borra igual.' }
    $header = @{ Authorization = "Bearer $($found.Matches[0].Groups[1].Value)" }
    $stats = Invoke-RestMethod -UseBasicParsing -TimeoutSec 60 -Uri "$Origin/admin/outbox/stats" -Headers $header
    if ($stats.waiting + $stats.dead -gt 0) {
        throw "Esperan $($stats.waiting) cambios y hay $($stats.dead) entregas fallidas. Con -Force se borran."
    }
}

if ($RemoveData -and -not $Force) { Assert-NothingWaits }

Invoke-Step "Quita las tareas y el servicio $Name" {
    foreach ($task in "$Name collects", "$Name every minute") {
        if (Get-ScheduledTask -TaskName $task -ErrorAction SilentlyContinue) {
            Stop-ScheduledTask -TaskName $task
            Unregister-ScheduledTask -TaskName $task -Confirm:$false
        }
    }
    Stop-Program $Name $Folder
    if (Get-Service -Name $Name -ErrorAction SilentlyContinue) { Invoke-Checked sc.exe @('delete', $Name) }
}

if ($RemoveData) {
    Invoke-Step "Borra $Folder, con los ajustes, los secretos, el registro y lo que espera" {
        Remove-Item -Recurse -Force -LiteralPath $Folder
    }
}
else {
    Invoke-Step "Borra los programas de $Folder; quedan .env, runtime-config.toml, state y log" {
        foreach ($inside in 'versions', 'spin', 'tool', 'temp', 'incoming', 'service.exe', 'service.cs', 'every-minute.ps1',
            'collect.ps1', 'previous-command.txt') {
            $path = Join-Path $Folder $inside
            if (Test-Path $path) { Remove-Item -Recurse -Force -LiteralPath $path }
        }
    }
}
