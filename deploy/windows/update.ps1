# Puts another version into the service, or back what ran before. What ran before stays in the folder. If the
# new one does not answer, what ran before is started again. With -WhatIf it only says what it would do.
#
#   .\update.ps1 -Archive C:\Descargas\sam-callback-0.2.0.zip
#   .\update.ps1 -Back
#
#Requires -Version 5.1
#Requires -RunAsAdministrator
[CmdletBinding(SupportsShouldProcess = $true, DefaultParameterSetName = 'Archive')]
param(
    [Parameter(Mandatory = $true, ParameterSetName = 'Archive')][string] $Archive,
    # Of the archive. Without it, the file SHA256SUMS beside the archive has to name it.
    [Parameter(ParameterSetName = 'Archive')][string] $Sha256 = '',
    # Another Spin too; without it the one that runs stays.
    [Parameter(ParameterSetName = 'Archive')][string] $Spin = '',
    [Parameter(Mandatory = $true, ParameterSetName = 'Back')][switch] $Back,
    [ValidatePattern('^\S+$')][string] $Folder = 'C:\sam-callback',
    [ValidatePattern('^[A-Za-z0-9-]+$')][string] $Name = 'sam-callback',
    [ValidatePattern('^\S+$')][string] $Origin = 'http://127.0.0.1:3000'
)
. (Join-Path $PSScriptRoot 'common.ps1')
$Caller = $PSCmdlet

$kept = Join-Path $Folder 'previous-command.txt'
$before = Get-ServiceCommand $Name
if (-not $before) { throw "No hay un servicio ${Name}: use install.ps1" }

function Get-ExpectedHash {
    if ($Sha256) { return $Sha256 }
    $sums = Join-Path (Split-Path (Resolve-Path -LiteralPath $Archive)) 'SHA256SUMS'
    if (-not (Test-Path $sums)) { throw "Falta -Sha256, o el archivo SHA256SUMS junto a $Archive" }
    $own = Get-Sums $sums | Where-Object { $_.File -eq (Split-Path -Leaf $Archive) }
    if (-not $own) { throw "$sums no nombra $Archive" }
    $own.Hash
}

# Into a folder that only administrators write to, so that nobody changes a file after it was compared.
function Expand-Package {
    $unpacked = Join-Path $Folder 'incoming'
    if (Test-Path $unpacked) { Remove-Item -Recurse -Force -LiteralPath $unpacked }
    Expand-Archive -LiteralPath $Archive -DestinationPath $unpacked
    $manifest = Get-ChildItem -Path $unpacked -Recurse -Filter 'spin.toml' | Select-Object -First 1
    if (-not $manifest) { throw "No hay spin.toml en $Archive" }
    Read-Package $manifest.DirectoryName
}

function Switch-Command([string] $Command) {
    Stop-Program $Name $Folder
    Invoke-Checked sc.exe @('config', $Name, 'binPath=', $Command)
    Start-Service -Name $Name
    Test-Answer "$Origin/health" 60
}

if ($Back) {
    if (-not (Test-Path $kept)) { throw "No hay nada anterior: falta $kept" }
    $next = (Get-Content -Raw -LiteralPath $kept).Trim()
}
else {
    Assert-Sha256 $Archive (Get-ExpectedHash)
    Write-Host "- El SHA-256 de $Archive es el esperado"
    $spinVersion = if ($Spin) { Get-SpinVersion $Spin } else { '' }
    $next = $before
    Invoke-Step "Descomprime $Archive en $Folder\versions; lo que corre ahora se conserva" {
        $package = Expand-Package
        Copy-Package $package $Folder
        $running = [regex]::Match($before, [regex]::Escape("$Folder\spin\") + '([^\\]+)\\').Groups[1].Value
        if ($Spin) {
            New-Item -ItemType Directory -Force -Path "$Folder\spin\$spinVersion" | Out-Null
            Copy-Item -Force -Path $Spin -Destination "$Folder\spin\$spinVersion\spin.exe"
            $running = $spinVersion
        }
        $script:next = Set-Versions $before $Folder $running $package.Version
        Remove-Item -Recurse -Force -LiteralPath (Join-Path $Folder 'incoming')
    }
}

Invoke-Step "Detiene $Name, lo cambia y lo inicia; mientras tanto no responde" {
    Write-Text $kept @($before)
    if (Switch-Command $next) {
        Write-Host "Responde en $Origin. Para volver a lo anterior: update.ps1 -Back"
        return
    }
    Get-Content -Tail 20 -LiteralPath "$Folder\log\service.txt" | Write-Warning
    if (Switch-Command $before) { throw 'No responde: corre otra vez lo anterior. Arriba, lo que dijo Spin.' }
    throw "No responde, y lo anterior tampoco: mire $Folder\log\service.txt"
}
