# Installs Data API builder on this server as a service that listens on this server alone, in front of SAM's
# database. It can be run again: .env is kept. With -WhatIf it only says what it would do.
#
#   .\install-dab.ps1 -Server SQL01 -Database SAM -WhatIf
#
#Requires -Version 5.1
#Requires -RunAsAdministrator
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    # As the connection string has them: a server or server\instance, and SAM's database.
    [Parameter(Mandatory = $true)][ValidatePattern('^[^'';]+$')][string] $Server,
    [Parameter(Mandatory = $true)][ValidatePattern('^[^'';]+$')][string] $Database,
    # Where SQL Server's certificate is its own, which no authority has signed.
    [switch] $TrustServerCertificate,
    # Of Entra ID, by deploy/azure-sql. Without them nobody signs in: whoever is on this server may call.
    [string] $Audience = '',
    [string] $Issuer = '',
    # The entities of dab-config.json that SAM's database has.
    [string[]] $Entities = @('ActualizarEjecucionDesdeCallback', 'ConsultarEjecucion', 'EjecucionesSinCallback'),
    [ValidatePattern('^\d+\.\d+\.\d+$')][string] $Version = '2.1.5',
    # A folder with Microsoft.DataApiBuilder.<version>.nupkg, where this server does not reach NuGet.
    [string] $Source = '',
    [ValidatePattern('^\S+$')][string] $Folder = 'C:\sam-dab',
    [ValidatePattern('^[A-Za-z0-9-]+$')][string] $Name = 'sam-dab',
    # A group managed service account, DOMAIN\name$.
    [ValidatePattern('^(\S+\\\S+\$)?$')][string] $Account = '',
    [ValidatePattern('^\S+$')][string] $Listen = '127.0.0.1:5000',
    [string] $Config = (Join-Path (Split-Path $PSScriptRoot) 'azure-sql\dab-config.json')
)
. (Join-Path $PSScriptRoot 'common.ps1')
$Caller = $PSCmdlet

$user = Get-AccountName $Name $Account
$tool = Join-Path $Folder "tool\$Version"
$serviceHost = Join-Path $Folder 'service.exe'
$ownConfig = Join-Path $Folder 'dab-config.json'
$secrets = Join-Path $Folder '.env'
$command = "$serviceHost $Name $Folder\log\dab.txt $tool\dab.exe start --config $ownConfig --no-https-redirect"

if ([bool]$Audience -ne [bool]$Issuer) { throw 'De -Audience e -Issuer, los dos o ninguno' }
if (-not (& dotnet --list-sdks | Where-Object { $_ -match '^10\.' })) {
    throw 'Falta el SDK de .NET 10 (dotnet --list-sdks)'
}

# The page's file with the entities that are there and, without Entra ID, with the one role that
# Data API builder then has.
function Convert-Config {
    $json = Get-Content -Raw -LiteralPath $Config | ConvertFrom-Json
    foreach ($name in @($json.entities.PSObject.Properties.Name)) {
        if ($Entities -notcontains $name) { $json.entities.PSObject.Properties.Remove($name) }
    }
    if (-not $Audience) {
        $json.runtime.host.authentication = [pscustomobject]@{ provider = 'Unauthenticated' }
        $json.runtime.health.roles = @('anonymous')
        foreach ($entity in $json.entities.PSObject.Properties.Value) {
            foreach ($permission in $entity.permissions) { $permission.role = 'anonymous' }
        }
    }
    ConvertTo-Json -InputObject $json -Depth 32
}

Invoke-Step "Detiene el servicio $Name, si existe" { Stop-Program $Name $Folder }

Invoke-Step "Crea la carpeta $Folder, que leen solo SYSTEM y los administradores" { New-PrivateFolder $Folder }

Invoke-Step "Instala Microsoft.DataApiBuilder $Version en $tool" {
    if (-not (Test-Path "$tool\dab.exe")) {
        $arguments = @('tool', 'install', '--tool-path', $tool, 'Microsoft.DataApiBuilder', '--version', $Version)
        if ($Source) { $arguments += @('--add-source', $Source) }
        Invoke-Checked dotnet $arguments
    }
    Copy-Item -Force -Path (Join-Path $PSScriptRoot 'service.cs') -Destination $Folder
    Build-ServiceHost (Join-Path $Folder 'service.cs') $serviceHost
}

Invoke-Step "Escribe $ownConfig, y $secrets si no existe" {
    Write-Text $ownConfig @(Convert-Config)
    if (-not (Test-Path $secrets)) {
        $connection = "Server=$Server;Database=$Database;Integrated Security=True;Encrypt=True"
        if ($TrustServerCertificate) { $connection += ';TrustServerCertificate=True' }
        Write-Text $secrets @("SAM_CONNECTION_STRING='$connection'", "DAB_JWT_AUDIENCE='$Audience'",
            "DAB_JWT_ISSUER='$Issuer'", "ASPNETCORE_URLS='http://$Listen'")
    }
}

Invoke-Step "Registra el servicio $Name con la cuenta $user, que solo escribe en log" {
    Register-Program $Name 'Data API builder, delante de la base de datos de SAM.' $command $user
    Grant-Folder $Folder $user 'RX'
    Grant-Folder (Join-Path $Folder 'log') $user 'M'
}

Invoke-Step "Inicia el servicio $Name y espera a que responda en http://$Listen" {
    Start-Service -Name $Name
    if (-not (Test-Answer "http://$Listen/" 60)) {
        Get-Content -Tail 20 -LiteralPath "$Folder\log\dab.txt" | Write-Warning
        Write-Warning "Si dice Login failed: cree el inicio de sesion de $user en SQL Server, y Restart-Service $Name."
        throw "Nada responde en http://$Listen. Arriba, lo que dijo Data API builder."
    }
    Write-Host "Responde en http://$Listen."
}
