-- Programs of another host: what becomes of a run when the session or the host itself is lost.
local rig = require("rig")

local cases = {}

local function sh(w, command) return (rig.shell(w:fill(command))) end

-- Without sshd a case says that it is skipped; with CI=true it fails.
local function can_run()
  local _, code = rig.shell("test -x /usr/sbin/sshd && command -v ssh >/dev/null")
  if code == 0 then return true end
  if os.getenv("CI") == "true" then error("sshd is not installed.", 0) end
  print("skipped: sshd is not installed")
  return false
end

-- An sshd with keys of its own, for who executes the case. Gives the number of its process.
local function start_sshd(w)
  local port = sh(w, "python3 -c 'import socket; s = socket.socket(); "
    .. "s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])'")
  sh(w, [[mkdir @W@/sshd && cd @W@/sshd && { [ "$(id -u)" != 0 ] || mkdir -p /run/sshd; } &&
    for name in host client; do ssh-keygen -q -t ed25519 -N '' -f $name; done &&
    cp client.pub authorized_keys &&
    { printf '[127.0.0.1]:]] .. port .. [[ '; cut -d' ' -f1,2 host.pub; } >known_hosts]])
  w:file("sshd/config", ("Port %s\nListenAddress 127.0.0.1\nHostKey @W@/sshd/host\n"
    .. "AuthorizedKeysFile @W@/sshd/authorized_keys\nPidFile none\nStrictModes no\nUsePAM no\n"
    .. "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
    .. "PermitRootLogin prohibit-password\n"):format(port))
  local pid = tonumber(sh(w,
    "setsid /usr/sbin/sshd -D -E @W@/sshd/log -f @W@/sshd/config >/dev/null 2>&1 & echo $!"))
  w.jobs[#w.jobs + 1] = { pid = pid }
  rig.wait(function()
    return os.execute("bash -c ': </dev/tcp/127.0.0.1/" .. port .. "' 2>/dev/null") == 0
  end, "sshd to listen")
  w:file("there/long", "#!/bin/sh\necho begun >>@W@/mark\n"
    .. "until [ -e @W@/go ]; do sleep 0.05; done\necho ended >>@W@/mark\necho it is $KEY\n")
  sh(w, "chmod 755 @W@/there/long")
  w:file("secrets/KEY", "canary-of-the-test")
  sh(w, "chmod 700 @W@/secrets && chmod 600 @W@/secrets/*")
  w:environment(([[
kind: development
secrets: { provider: file, folder: @W@/secrets }
targets:
  process/there:
    driver: ssh
    host: 127.0.0.1
    port: PORT
    config: /dev/null
    identity: @W@/sshd/client
    known_hosts: @W@/sshd/known_hosts
    state_folder: @W@/there/state
    programs:
      long: { path: @W@/there/long, environment: { KEY: "secret:KEY" } }
]]):gsub("PORT", port))
  w:book [[return runbook { summary = "There", targets = { ["process/there"] = { "run" } },
    run = function()
      return step("Long", function()
        return process("there"):run { program = "long", timeout = "40s" }.output
      end)
    end }]]
  return pid
end

local function await_mark(w)
  rig.wait(function() return w:read("mark") end, "the program to begin")
end

function cases.a_run_whose_ssh_session_is_lost_finds_the_program_again_and_goes_on(w)
  if not can_run() then return end
  local sshd = start_sshd(w)
  local job = w:start("--no-input")
  await_mark(w)
  -- Its sessions, and not what they started.
  sh(w, ("pkill -KILL -P %d"):format(sshd))
  rig.wait(function() return sh(w, ("pgrep -P %d"):format(sshd)) ~= "" end, "the run to look")
  w:file("go", "")
  job:wait():exits(0):says("it is [secret ")
  w:equal("begun\nended\n", w:read("mark"), "what the program did")
end

function cases.a_run_that_is_resumed_elsewhere_reads_how_a_program_ended_over_ssh(w)
  if not can_run() then return end
  start_sshd(w)
  local job = w:start("--no-input")
  await_mark(w)
  job:kill("KILL")
  job:wait()
  w:file("go", "")
  w:resume():exits(0):says("it is [secret ")
  w:equal("begun\nended\n", w:read("mark"), "what the program did")
  -- What it printed holds the secret and lies where it ran, for its owner alone.
  w:equal("", sh(w, "grep -rlF canary-of-the-test @W@ | grep -v -e /secrets/ -e /there/state/"),
    "files that hold the secret")
  w:equal("700", sh(w, "stat -c %a @W@/there/state/*/runs"), "the mode of the folder of runs")
end

return cases
