# Installs sam-callback on this server: files, rights, a service, and a task that delivers what waits. It
# can be run again: .env, runtime-config.toml and what waits for the database are kept where they are there.
# With -WhatIf it only says what it would do.
#
#   .\install.ps1 -Spin C:\Descargas\spin.exe -WhatIf
#
#Requires -Version 5.1
#Requires -RunAsAdministrator
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    # Spin for Windows, 4.1 or newer.
    [Parameter(Mandatory = $true)][string] $Spin,
    # The unpacked archive, or the project with a component that `cargo xtask build` has built.
    [string] $Project = (Split-Path (Split-Path $PSScriptRoot)),
    # No spaces: the path stands in command lines.
    [ValidatePattern('^\S+$')][string] $Folder = 'C:\sam-callback',
    # Of the service. A second instance beside the first has another name, folder and port.
    [ValidatePattern('^[A-Za-z0-9-]+$')][string] $Name = 'sam-callback',
    [ValidatePattern('^\S+$')][string] $Listen = '127.0.0.1:3000',
    # A group managed service account, DOMAIN\name$. Without one the service has an account of its own.
    [ValidatePattern('^(\S+\\\S+\$)?$')][string] $Account = '',
    # PEM files, where no proxy ends TLS: the certificate with its chain, and its key in PKCS#8.
    [ValidatePattern('^\S*$')][string] $TlsCertificate = '',
    [ValidatePattern('^\S*$')][string] $TlsKey = '',
    # As this server reaches the component, with root_path behind it if that is set.
    [ValidatePattern('^\S+$')][string] $Origin = "http://$Listen",
    # Also collects from another instance's mailbox, all the time: collect_origin and collect_token are set.
    [switch] $Collect
)
. (Join-Path $PSScriptRoot 'common.ps1')
$Caller = $PSCmdlet

$MinuteTask = "$Name every minute"
$CollectTask = "$Name collects"
$user = Get-AccountName $Name $Account
$package = Read-Package $Project
$spinVersion = Get-SpinVersion $Spin
$settings = Join-Path $Folder 'runtime-config.toml'
$secrets = Join-Path $Folder '.env'
$serviceHost = Join-Path $Folder 'service.exe'
$program = Join-Path $Folder "spin\$spinVersion\spin.exe"

# Spin's copy of the application and its compiled form stay in the folder: the account has no other.
$arguments = "up --from $Folder\versions\$($package.Version)\spin.toml --runtime-config-file $settings " +
    "--listen $Listen --state-dir $Folder\state --log-dir $Folder\log --temp $Folder\temp --disable-cache --quiet"
if ($TlsCertificate) { $arguments += " --tls-cert $TlsCertificate --tls-key $TlsKey" }
$command = "$serviceHost $Name $Folder\log\service.txt $program $arguments"

Invoke-Step "Detiene el servicio $Name, si existe: sus archivos no se pueden reemplazar mientras corre" {
    foreach ($task in $CollectTask, $MinuteTask) {
        if (Get-ScheduledTask -TaskName $task -ErrorAction SilentlyContinue) {
            Disable-ScheduledTask -TaskName $task | Out-Null
            Stop-ScheduledTask -TaskName $task
        }
    }
    $before = Get-ServiceCommand $Name
    Stop-Program $Name $Folder
    # For update.ps1 -Back.
    if ($before -and $before -ne $command) { Write-Text (Join-Path $Folder 'previous-command.txt') @($before) }
}

Invoke-Step "Crea la carpeta $Folder, que leen solo SYSTEM y los administradores" {
    New-PrivateFolder $Folder
}

Invoke-Step "Copia el paquete $($package.Version), Spin $spinVersion y los scripts; compila service.exe" {
    Copy-Package $package $Folder
    New-Item -ItemType Directory -Force -Path (Split-Path $program) | Out-Null
    Copy-Item -Force -Path $Spin -Destination $program
    foreach ($file in 'every-minute.ps1', 'collect.ps1', 'service.cs') {
        Copy-Item -Force -Path (Join-Path $PSScriptRoot $file) -Destination $Folder
    }
    Build-ServiceHost (Join-Path $Folder 'service.cs') $serviceHost
    if (-not (Test-Path $settings)) {
        Copy-Item -Path (Join-Path $PSScriptRoot 'runtime-config.toml') -Destination $settings
    }
}

Invoke-Step "Escribe $secrets con dos tokens nuevos, si no existe" {
    if (-not (Test-Path $secrets)) {
        Write-Text $secrets @("SPIN_VARIABLE_CALLBACK_TOKEN=$(New-Token)",
            "SPIN_VARIABLE_ADMIN_TOKEN=$(New-Token)", 'SPIN_VARIABLE_OAUTH_CLIENT_SECRET=')
    }
}

Invoke-Step "Registra el servicio $Name con la cuenta $user" {
    Register-Program $Name 'Recibe los callbacks de A360 y los escribe en SAM.' $command $user
}

Invoke-Step "Permite a $user leer $Folder, y escribir solo en state, log y temp" {
    Grant-Folder $Folder $user 'RX'
    foreach ($inside in 'state', 'log', 'temp') { Grant-Folder (Join-Path $Folder $inside) $user 'M' }
}

# every-minute.ps1 writes under this name; only administrators can register one.
Invoke-Step 'Registra el origen sam-callback en el registro de eventos Application, si no existe' {
    if (-not [Diagnostics.EventLog]::SourceExists('sam-callback')) {
        New-EventLog -LogName Application -Source 'sam-callback'
    }
}

$logon = if ($Account) { 'Password' } else { 'ServiceAccount' }
$principal = New-ScheduledTaskPrincipal -UserId $user -LogonType $logon
$minute = New-TimeSpan -Minutes 1
$eachMinute = New-ScheduledTaskTrigger -Once -At (Get-Date).Date -RepetitionInterval $minute

function Register-Task([string] $Name, [string] $Text, [timespan] $Limit, $Triggers, $Action) {
    # Priority 7 is the default, which is below that of services.
    $how = New-ScheduledTaskSettingsSet -MultipleInstances IgnoreNew -ExecutionTimeLimit $Limit `
        -Priority 4 -StartWhenAvailable -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries
    Register-ScheduledTask -Force -TaskName $Name -Description $Text -Action $Action `
        -Trigger $Triggers -Principal $principal -Settings $how | Out-Null
}

$powershell = Join-Path $env:SystemRoot 'System32\WindowsPowerShell\v1.0\powershell.exe'
$script = '-NoProfile -NonInteractive -ExecutionPolicy Bypass ' +
    "-File $Folder\every-minute.ps1 -Origin $Origin"
Invoke-Step "Registra la tarea '$MinuteTask', que entrega lo pendiente" {
    $drain = New-ScheduledTaskAction -Execute $powershell -Argument $script -WorkingDirectory $Folder
    $fiveMinutes = New-TimeSpan -Minutes 5
    Register-Task $MinuteTask 'Entrega lo que espera a la base de datos.' $fiveMinutes $eachMinute $drain
}

if ($Collect) {
    $script = '-NoProfile -NonInteractive -ExecutionPolicy Bypass ' +
        "-File $Folder\collect.ps1 -Origin $Origin"
    Invoke-Step "Registra la tarea '$CollectTask', que recoge de la otra instancia" {
        $collecting = New-ScheduledTaskAction -Execute $powershell -Argument $script -WorkingDirectory $Folder
        $unlimited = [timespan]::Zero
        Register-Task $CollectTask 'Recoge los callbacks que la otra instancia guarda.' $unlimited $eachMinute $collecting
    }
}

Invoke-Step "Inicia el servicio $Name y espera a que responda en $Origin" {
    Start-Service -Name $Name
    if (-not (Test-Answer "$Origin/health" 60)) {
        Get-Content -Tail 20 -LiteralPath "$Folder\log\service.txt" | Write-Warning
        throw "Nada responde en $Origin. Arriba, lo que dijo Spin; para verlo a mano: cd $Folder; $program $arguments"
    }
    Write-Host "Responde en $Origin. Ahora: los secretos en $secrets, los nombres en $settings, y Restart-Service $Name."
}
