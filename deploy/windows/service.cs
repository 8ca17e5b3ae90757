// The Windows service around a program that is none: spin.exe, dab.exe. install.ps1 compiles it on the
// server, with the C# compiler of .NET Framework that each Windows Server has.
//
//   service.exe <name> <log file> <program> <arguments ...>
//
// It starts the program in its own folder, appends what that prints to the log file, and takes all that
// it has started along when it ends. If the program ends by itself, so does the service, as a failure:
// Windows notes that in the Event Log and starts it again.
using System;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.ServiceProcess;
using System.Text;
using System.Threading;

public sealed class ProgramService : ServiceBase
{
    // In bytes: 16 MiB. The one before it stays, as <log file>.1.
    private const long LongestLog = 16 * 1024 * 1024;

    private readonly string log;
    private readonly string program;
    private readonly string arguments;
    private readonly object writing = new object();
    private Process child;
    private volatile bool stopping;

    public ProgramService(string name, string log, string program, string arguments)
    {
        ServiceName = name;
        CanShutdown = true;
        // The service manager's own entries are enough, and the account may not register a source.
        AutoLog = false;
        this.log = log;
        this.program = program;
        this.arguments = arguments;
    }

    public static int Main(string[] words)
    {
        if (words.Length < 3)
        {
            Console.Error.WriteLine("service.exe <name> <log file> <program> <arguments ...>");
            return 2;
        }
        Environment.CurrentDirectory = AppDomain.CurrentDomain.BaseDirectory;
        var arguments = new StringBuilder();
        for (int index = 3; index < words.Length; index++)
        {
            arguments.Append(index > 3 ? " " : "").Append(Quoted(words[index]));
        }
        KillOnExit.Join();
        Run(new ProgramService(words[0], words[1], words[2], arguments.ToString()));
        return 0;
    }

    // As the command line was read. No argument of install.ps1 has a quotation mark or ends in a backslash.
    private static string Quoted(string word)
    {
        return word.IndexOf(' ') < 0 ? word : "\"" + word + "\"";
    }

    protected override void OnStart(string[] ignored)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = Environment.CurrentDirectory
        };
        Append("starts: " + program + " " + arguments);
        child = new Process { StartInfo = start, EnableRaisingEvents = true };
        child.OutputDataReceived += (sender, line) => Append(line.Data);
        child.ErrorDataReceived += (sender, line) => Append(line.Data);
        child.Exited += (sender, ended) => Ended();
        child.Start();
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
    }

    protected override void OnStop()
    {
        stopping = true;
        Append("stops");
        try { child.Kill(); }
        catch (InvalidOperationException) { /* It has ended already. */ }
        catch (Win32Exception error) { Append("cannot be ended: " + error.Message); }
    }

    protected override void OnShutdown()
    {
        OnStop();
    }

    private void Ended()
    {
        if (stopping) { return; }
        // What it printed last says why, and is still on its way.
        Thread.Sleep(1000);
        Append("ended by itself with " + child.ExitCode);
        // Without the report of an orderly stop: that is what recovery actions go by.
        Environment.Exit(1);
    }

    // At the end of the file each time: every-minute.ps1 may have cut it. A long one is put aside.
    private void Append(string line)
    {
        if (line == null) { return; }
        byte[] bytes = new UTF8Encoding(false).GetBytes(
            DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ") + " " + line + Environment.NewLine);
        lock (writing)
        {
            if (File.Exists(log) && new FileInfo(log).Length > LongestLog)
            {
                File.Delete(log + ".1");
                File.Move(log, log + ".1");
            }
            using (var file = new FileStream(log, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite))
            {
                file.Seek(0, SeekOrigin.End);
                file.Write(bytes, 0, bytes.Length);
            }
        }
    }
}

// A job of Windows that this process is in, and so everything that it starts: the job's last handle
// closes when this process ends, however it ends, and then Windows ends the others.
internal static class KillOnExit
{
    private const int ExtendedLimits = 9;
    private const uint KillOnJobClose = 0x2000;

    public static void Join()
    {
        IntPtr job = CreateJobObject(IntPtr.Zero, null);
        var limits = new Limits();
        limits.Basic.Flags = KillOnJobClose;
        uint size = (uint)Marshal.SizeOf(typeof(Limits));
        if (job == IntPtr.Zero
            || !SetInformationJobObject(job, ExtendedLimits, ref limits, size)
            || !AssignProcessToJobObject(job, GetCurrentProcess()))
        {
            throw new Win32Exception();
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct BasicLimits
    {
        public long PerProcessUserTime, PerJobUserTime;
        public uint Flags;
        public UIntPtr MinimumWorkingSet, MaximumWorkingSet;
        public uint ActiveProcesses;
        public UIntPtr Affinity;
        public uint PriorityClass, SchedulingClass;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Limits
    {
        public BasicLimits Basic;
        public ulong ReadOperations, WriteOperations, OtherOperations;
        public ulong ReadBytes, WrittenBytes, OtherBytes;
        public UIntPtr ProcessMemory, JobMemory, PeakProcessMemory, PeakJobMemory;
    }

    [DllImport("kernel32.dll", SetLastError = true, CharSet = CharSet.Unicode)]
    private static extern IntPtr CreateJobObject(IntPtr attributes, string name);

    [DllImport("kernel32.dll", SetLastError = true)]
    private static extern bool SetInformationJobObject(IntPtr job, int kind, ref Limits limits, uint size);

    [DllImport("kernel32.dll", SetLastError = true)]
    private static extern bool AssignProcessToJobObject(IntPtr job, IntPtr process);

    [DllImport("kernel32.dll")]
    private static extern IntPtr GetCurrentProcess();
}
