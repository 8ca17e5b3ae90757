# What the scripts of this folder share; they load it with a dot. By itself it changes nothing.
#
# The scripts are ASCII: Windows PowerShell 5.1 reads a file without a byte order mark in the code page of
# Windows. So what they say has no accents.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12

# By number, since their names are in the language of Windows.
$System = '*S-1-5-18'
$Administrators = '*S-1-5-32-544'

# One thing that a script does: named first, and not done with -WhatIf.
function Invoke-Step([string] $What, [scriptblock] $Do) {
    if ($script:Caller.ShouldProcess($env:COMPUTERNAME, $What)) {
        Write-Host "- $What"
        & $Do
    }
}

function Invoke-Checked([string] $Program, [string[]] $Arguments) {
    $said = & $Program @Arguments
    if ($LASTEXITCODE -ne 0) { throw "$Program $Arguments termina con ${LASTEXITCODE}: $said" }
}

# Without the byte order mark that Set-Content would write.
function Write-Text([string] $Path, [string[]] $Lines) {
    [IO.File]::WriteAllLines($Path, $Lines, (New-Object Text.UTF8Encoding $false))
}

function New-Token {
    $bytes = New-Object byte[] 32
    $random = [Security.Cryptography.RandomNumberGenerator]::Create()
    try { $random.GetBytes($bytes) } finally { $random.Dispose() }
    -join ($bytes | ForEach-Object { $_.ToString('x2') })
}

# A service's own account, which has no password, unless another one is given.
function Get-AccountName([string] $Name, [string] $Account) {
    if ($Account) { $Account } else { "NT SERVICE\$Name" }
}

# Only SYSTEM and administrators, until somebody else is let in.
function New-PrivateFolder([string] $Path) {
    New-Item -ItemType Directory -Force -Path $Path | Out-Null
    Invoke-Checked icacls.exe @($Path, '/inheritance:r', '/grant:r', "${System}:(OI)(CI)F",
        "${Administrators}:(OI)(CI)F")
}

# $Rights as icacls has them: RX reads, M writes too.
function Grant-Folder([string] $Path, [string] $Account, [string] $Rights) {
    New-Item -ItemType Directory -Force -Path $Path | Out-Null
    Invoke-Checked icacls.exe @($Path, '/grant:r', "${Account}:(OI)(CI)$Rights")
}

# The compiler of .NET Framework, which comes with Windows.
function Build-ServiceHost([string] $Source, [string] $Target) {
    $compiler = Join-Path $env:SystemRoot 'Microsoft.NET\Framework64\v4.0.30319\csc.exe'
    Invoke-Checked $compiler @('/nologo', '/optimize+', '/r:System.ServiceProcess.dll', "/out:$Target", $Source)
}

# $Command has no path with spaces, so it needs no quotation marks.
function Register-Program([string] $Name, [string] $Text, [string] $Command, [string] $Account) {
    if (-not (Get-Service -Name $Name -ErrorAction SilentlyContinue)) {
        New-Service -Name $Name -DisplayName $Name -BinaryPathName $Command -StartupType Automatic | Out-Null
    }
    Invoke-Checked sc.exe @('config', $Name, 'binPath=', $Command, 'obj=', $Account)
    Invoke-Checked sc.exe @('description', $Name, $Text)
    # Started again 1 s, 5 s and then each 30 s after it has ended by itself.
    Invoke-Checked sc.exe @('failure', $Name, 'reset=', '3600', 'actions=',
        'restart/1000/restart/5000/restart/30000')
}

function Get-ServiceCommand([string] $Name) {
    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'"
    if ($service) { $service.PathName }
}

# The service's process ends after it has said that it stops, and its programs with it.
function Stop-Program([string] $Name, [string] $Folder) {
    if (Get-Service -Name $Name -ErrorAction SilentlyContinue) { Stop-Service -Name $Name -Force }
    $inside = { $_.Path -and $_.Path.StartsWith("$Folder\", 'OrdinalIgnoreCase') }
    for ($half = 0; $half -lt 60; $half++) {
        if (-not (Get-Process | Where-Object $inside)) { return }
        Start-Sleep -Milliseconds 500
    }
    throw "Siguen en marcha programas de $Folder"
}

# Whether this address answers with 200 within some seconds.
function Test-Answer([string] $Uri, [int] $Seconds) {
    for ($second = 0; $second -lt $Seconds; $second++) {
        Start-Sleep -Seconds 1
        try {
            Invoke-WebRequest -UseBasicParsing -TimeoutSec 5 -Uri $Uri | Out-Null
            return $true
        }
        catch { Write-Verbose "$Uri no responde: $_" }
    }
    return $false
}

function Assert-Sha256([string] $Path, [string] $Expected) {
    $own = (Get-FileHash -Algorithm SHA256 -LiteralPath $Path).Hash
    if ($own -ne $Expected) { throw "El SHA-256 de $Path es $own y se esperaba $Expected" }
}

# Each line of SHA256SUMS is a hash, two spaces and a path.
function Get-Sums([string] $Path) {
    foreach ($line in Get-Content -LiteralPath $Path) {
        if ($line -match '^([0-9a-f]{64})  (.+)$') {
            [pscustomobject]@{ Hash = $Matches[1]; File = $Matches[2] }
        }
    }
}

# What an unpacked archive or the project itself has: the application's version, its component and where
# that is. Where there are sums, what is installed is compared with them.
function Read-Package([string] $Path) {
    $manifest = Join-Path $Path 'spin.toml'
    if (-not (Test-Path $manifest)) { throw "No hay spin.toml en $Path" }
    $text = Get-Content -Raw -LiteralPath $manifest
    if ($text -notmatch '(?m)^version = "([0-9A-Za-z.+-]+)"') { throw "$manifest no dice su version" }
    $version = $Matches[1]
    if ($text -notmatch '(?m)^source = "([^"]+)"') { throw "$manifest no nombra el componente" }
    $component = $Matches[1] -replace '/', '\'
    if (-not (Test-Path (Join-Path $Path $component))) {
        throw "No hay $component en ${Path}: use el archivo .zip, o compile con cargo xtask build"
    }
    # Not of the files that are edited where they are, such as web.config.
    $sums = Join-Path $Path 'SHA256SUMS'
    if (Test-Path $sums) {
        $installed = '^(spin\.toml|.*\.wasm|deploy/windows/.*\.(ps1|cs))$'
        foreach ($sum in Get-Sums $sums | Where-Object { $_.File -match $installed }) {
            Assert-Sha256 (Join-Path $Path ($sum.File -replace '/', '\')) $sum.Hash
        }
    }
    [pscustomobject]@{ Path = $Path; Version = $version; Component = $component }
}

# Beside those of other versions, which stay.
function Copy-Package($Package, [string] $Folder) {
    $target = Join-Path $Folder "versions\$($Package.Version)"
    $component = Join-Path $target $Package.Component
    New-Item -ItemType Directory -Force -Path (Split-Path $component) | Out-Null
    Copy-Item -Force -Path (Join-Path $Package.Path $Package.Component) -Destination $component
    Copy-Item -Force -Path (Join-Path $Package.Path 'spin.toml') -Destination $target
}

function Get-SpinVersion([string] $Spin) {
    $said = "$(& $Spin --version)"
    if ($said -notmatch '^spin (\d+\.\d+\.\d+)' -or [version]$Matches[1] -lt [version]'4.1') {
        throw "Hace falta Spin 4.1 o posterior; $Spin dice: $said"
    }
    $Matches[1]
}

# Which Spin and which version of the application a command line of the service names.
function Set-Versions([string] $Command, [string] $Folder, [string] $SpinVersion, [string] $Version) {
    $spin = [regex]::Escape("$Folder\spin\") + '[^\\]+\\'
    $versions = [regex]::Escape("$Folder\versions\") + '[^\\]+\\'
    $Command -replace $spin, "$Folder\spin\$SpinVersion\" -replace $versions, "$Folder\versions\$Version\"
}
