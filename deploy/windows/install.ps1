# Installs sam-callback on this server, or a new version of it: files, rights, and two tasks of Task
# Scheduler. .env, runtime-config.toml and what waits for the database are kept where they are there.
#
#   .\install.ps1 -Spin C:\Downloads\spin.exe
#
#Requires -Version 5.1
#Requires -RunAsAdministrator
[CmdletBinding()]
param(
    # Spin for Windows, 4.1 or newer.
    [Parameter(Mandatory = $true)][string] $Spin,
    # The project, with the component that `cargo xtask build` has built.
    [string] $Project = (Split-Path (Split-Path $PSScriptRoot)),
    # No spaces: the path stands in the tasks' command lines.
    [ValidatePattern('^\S+$')][string] $Folder = 'C:\sam-callback',
    [ValidatePattern('^\S+$')][string] $Listen = '127.0.0.1:3000',
    # PEM files, where no IIS ends TLS: the certificate with its chain, and its key in PKCS#8.
    [ValidatePattern('^\S*$')][string] $TlsCertificate = '',
    [ValidatePattern('^\S*$')][string] $TlsKey = '',
    # As this server reaches the component, with root_path behind it if that is set.
    [ValidatePattern('^\S+$')][string] $Origin = "http://$Listen",
    # Also collects from another instance's mailbox, all the time: collect_origin and collect_token are set.
    [switch] $Collect
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12

$Task = 'sam-callback'
$MinuteTask = 'sam-callback every minute'
$CollectTask = 'sam-callback collects'
$Component = 'target\wasm32-wasip2\release\sam_callback.wasm'
# By number, since their names are in the language of Windows.
$System = '*S-1-5-18'
$Administrators = '*S-1-5-32-544'
$LocalService = '*S-1-5-19'

function Invoke-Checked([string] $Program, [string[]] $Arguments) {
    & $Program @Arguments | Out-Null
    if ($LASTEXITCODE -ne 0) { throw "$Program $Arguments ended with $LASTEXITCODE" }
}

$said = "$(& $Spin --version)"
if ($said -notmatch '^spin (\d+\.\d+)' -or [version]$Matches[1] -lt [version]'4.1') {
    throw "Spin 4.1 or newer is needed; $Spin says: $said"
}
if (-not (Test-Path (Join-Path $Project $Component))) {
    throw "There is no $Component in ${Project}: build it with cargo xtask build"
}

# What runs is ended first, or its files cannot be replaced.
foreach ($name in $CollectTask, $MinuteTask, $Task) {
    if (Get-ScheduledTask -TaskName $name -ErrorAction SilentlyContinue) {
        Disable-ScheduledTask -TaskName $name | Out-Null
        Stop-ScheduledTask -TaskName $name
    }
}
$program = Join-Path $Folder 'spin.exe'
Get-Process -Name spin -ErrorAction SilentlyContinue |
    Where-Object { $_.Path -eq $program } | Stop-Process -Force -PassThru | Wait-Process

# Nobody else reads what is in the folder; only the service writes to its state and its log.
New-Item -ItemType Directory -Force -Path $Folder | Out-Null
Invoke-Checked icacls.exe @($Folder, '/inheritance:r', '/grant:r', "${System}:(OI)(CI)F",
    "${Administrators}:(OI)(CI)F", "${LocalService}:(OI)(CI)RX")
foreach ($name in 'state', 'log') {
    $path = Join-Path $Folder $name
    New-Item -ItemType Directory -Force -Path $path | Out-Null
    Invoke-Checked icacls.exe @($path, '/grant:r', "${LocalService}:(OI)(CI)M")
}

$target = Join-Path $Folder $Component
New-Item -ItemType Directory -Force -Path (Split-Path $target) | Out-Null
Copy-Item -Force -Path (Join-Path $Project $Component) -Destination $target
Copy-Item -Force -Path (Join-Path $Project 'spin.toml') -Destination $Folder
Copy-Item -Force -Path (Join-Path $PSScriptRoot 'every-minute.ps1') -Destination $Folder
Copy-Item -Force -Path (Join-Path $PSScriptRoot 'collect.ps1') -Destination $Folder
Copy-Item -Force -Path $Spin -Destination $program
$settings = Join-Path $Folder 'runtime-config.toml'
if (-not (Test-Path $settings)) {
    Copy-Item -Path (Join-Path $PSScriptRoot 'runtime-config.toml') -Destination $settings
}

function New-Token {
    $bytes = New-Object byte[] 32
    $random = [Security.Cryptography.RandomNumberGenerator]::Create()
    try { $random.GetBytes($bytes) } finally { $random.Dispose() }
    -join ($bytes | ForEach-Object { $_.ToString('x2') })
}

$secrets = Join-Path $Folder '.env'
if (-not (Test-Path $secrets)) {
    $lines = @("SPIN_VARIABLE_CALLBACK_TOKEN=$(New-Token)",
        "SPIN_VARIABLE_ADMIN_TOKEN=$(New-Token)", 'SPIN_VARIABLE_OAUTH_CLIENT_SECRET=')
    # Without the byte order mark that Set-Content would write.
    [IO.File]::WriteAllLines($secrets, [string[]]$lines, (New-Object Text.UTF8Encoding $false))
}

# every-minute.ps1 writes under this name; only administrators can register one.
if (-not [Diagnostics.EventLog]::SourceExists('sam-callback')) {
    New-EventLog -LogName Application -Source 'sam-callback'
}

$account = [Security.Principal.SecurityIdentifier]'S-1-5-19'
$account = $account.Translate([Security.Principal.NTAccount]).Value
$principal = New-ScheduledTaskPrincipal -UserId $account -LogonType ServiceAccount
# Task Scheduler starts again what could not be started, but not what has ended. So there is a start
# each minute, which is passed over while the task runs.
$minute = New-TimeSpan -Minutes 1
$eachMinute = New-ScheduledTaskTrigger -Once -At (Get-Date).Date -RepetitionInterval $minute
$atStartup = New-ScheduledTaskTrigger -AtStartup

function Register-Task([string] $Name, [string] $Text, [timespan] $Limit, $Triggers, $Action) {
    # Priority 7 is the default, which is below that of services.
    $how = New-ScheduledTaskSettingsSet -MultipleInstances IgnoreNew -ExecutionTimeLimit $Limit `
        -Priority 4 -StartWhenAvailable -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries
    Register-ScheduledTask -Force -TaskName $Name -Description $Text -Action $Action `
        -Trigger $Triggers -Principal $principal -Settings $how | Out-Null
}

$arguments = "up --from $Folder\spin.toml --runtime-config-file $settings --listen $Listen " +
    "--state-dir $Folder\state --log-dir $Folder\log --quiet"
if ($TlsCertificate) { $arguments += " --tls-cert $TlsCertificate --tls-key $TlsKey" }
$serve = New-ScheduledTaskAction -Execute $program -Argument $arguments -WorkingDirectory $Folder
$unlimited = [timespan]::Zero
Register-Task $Task 'Receives the callbacks of A360.' $unlimited @($atStartup, $eachMinute) $serve

$powershell = Join-Path $env:SystemRoot 'System32\WindowsPowerShell\v1.0\powershell.exe'
$script = '-NoProfile -NonInteractive -ExecutionPolicy Bypass ' +
    "-File $Folder\every-minute.ps1 -Origin $Origin"
$drain = New-ScheduledTaskAction -Execute $powershell -Argument $script -WorkingDirectory $Folder
$fiveMinutes = New-TimeSpan -Minutes 5
Register-Task $MinuteTask 'Delivers what waits for the database.' $fiveMinutes $eachMinute $drain

if ($Collect) {
    $script = '-NoProfile -NonInteractive -ExecutionPolicy Bypass ' +
        "-File $Folder\collect.ps1 -Origin $Origin"
    $collecting = New-ScheduledTaskAction -Execute $powershell -Argument $script `
        -WorkingDirectory $Folder
    Register-Task $CollectTask 'Collects callbacks from the mailbox.' $unlimited $eachMinute $collecting
}

Start-ScheduledTask -TaskName $Task
for ($second = 0; $second -lt 30; $second++) {
    Start-Sleep -Seconds 1
    try {
        $health = Invoke-RestMethod -UseBasicParsing -TimeoutSec 5 -Uri "$Origin/health"
        Write-Host "$($health.message) $Origin"
        Write-Host "Next: the secrets in $secrets, the names in $settings, and a restart."
        return
    }
    catch { Write-Verbose "not yet: $_" }
}
throw "Nothing answers at $Origin. To see why: cd $Folder; .\spin.exe $arguments"
