// The driver `ssh` of deploy: release folders and a systemd unit on one or more hosts.
#include <algorithm>
#include <filesystem>

#include "bindings/deploy/deploy.h"
#include "bindings/deploy/ssh_fleet.h"
#include "interpreter/base/files.h"
#include "interpreter/base/findings.h"

namespace perilune {

namespace {

constexpr Setting settings[] = {
    {.name = "hosts",
     .type = Type::list,
     .doc = "The hosts, each `[user@]host[:port]` as ssh is told it; an IPv6 address stands in "
            "brackets. Releases go through them in this order. A change needs all of them.",
     .identity = true},
    ssh_settings::identity,
    ssh_settings::known_hosts,
    ssh_settings::jump,
    ssh_settings::config,
    ssh_settings::connect_within,
    {.name = "folder",
     .doc = "The target's own folder on each host, an absolute path that the login may write: "
            "releases/, current and current.env (links to what serves), maintenance (the flag "
            "file, with the message in it). {host} is filled in.",
     .identity = true},
    {.name = "artifacts", .doc = "The folder here that has one folder for each built version."},
    {.name = "unit",
     .doc =
         "The systemd unit on each host, such as \"shop.service\". It exists there already, with "
         "WorkingDirectory=FOLDER/current and EnvironmentFile=-FOLDER/current.env, which has "
         "the target's variables, RELEASE and VERSION. {host} is filled in.",
     .identity = true},
    {.name = "systemctl",
     .type = Type::list,
     .doc =
         "How the login executes systemctl: [\"sudo\", \"-n\", \"systemctl\"], or [\"systemctl\", "
         "\"--user\"]. Left out: [\"systemctl\"].",
     .need = Need::optional},
    {.name = "journalctl",
     .type = Type::list,
     .doc = "How the login executes journalctl, for `logs`. Left out: as systemctl, with that "
            "name in place of systemctl's.",
     .need = Need::optional},
    {.name = "health",
     .type = Type::list,
     .doc =
         "A command, executed on the host without a shell, that ends with 0 within 10 s where "
         "the instance is healthy: [\"curl\", \"-fsS\", \"http://127.0.0.1:8080/health\"]. {host} "
         "is filled in. Left out: a unit that is active counts as healthy, which says little.",
     .need = Need::optional},
    {.name = "at_once",
     .type = Type::integer,
     .doc = "How many hosts are taken to a release at a time; each is healthy before the next go.",
     .need = Need::optional,
     .fallback = "1"},
    {.name = "starts_within",
     .type = Type::duration,
     .doc = "How long a host may take to become healthy with a release before the release is given "
            "up and every host goes back.",
     .need = Need::optional,
     .fallback = "1m"},
    {.name = "endpoint",
     .doc = "The name under which the target is reached; the first host where it is left out.",
     .need = Need::optional},
};

constexpr std::string_view operations[] = {
    "status",       "releases", "previous_release", "endpoint",       "artifact",
    "get_env",      "logs",     "release",          "wait_serving",   "redeploy",
    "wait_healthy", "rollback", "promote",          "prune_releases", "restart",
    "start",        "stop",     "set_env",          "unset_env",      "set_maintenance"};

Error wrong(const Settings& given, const std::string& message) {
    return fail("bad_setting", "The target " + given.target + ": " + message);
}

// The settings of one host, as the driver `ssh` of process has them.
Result<SshHost> read_host(const Settings& given, std::string text) {
    Settings one = given;
    const auto at = text.find('@');
    if (at != std::string::npos) {
        one.values.set("user", text.substr(0, at));
        text.erase(0, at + 1);
    }
    std::string port;
    const auto colon = text.rfind(':');
    if (text.starts_with('[') && text.find(']') != std::string::npos) {
        const auto end = text.find(']');
        if (end + 1 < text.size() && text[end + 1] == ':') port = text.substr(end + 2);
        text = text.substr(1, end - 1);
    } else if (colon != std::string::npos && text.find(':') == colon) {
        port = text.substr(colon + 1);
        text.resize(colon);
    }
    if (!port.empty()) {
        const bool digits =
            std::ranges::all_of(port, [](unsigned char c) { return std::isdigit(c) != 0; });
        if (!digits || port.size() > 5)
            return wrong(given, "\"" + port + "\" in `hosts` is no port.");
        one.values.set("port", std::stoi(port));
    }
    one.values.set("host", text);
    auto host = read_ssh_host(one);
    if (!host) return wrong(given, host.error().message);
    return host;
}

Result<std::vector<std::string>> read_words(const Settings& given, std::string_view name) {
    std::vector<std::string> words;
    for (const auto& word : given.values[name].list()) {
        if (!word.is_text() || word.text().empty() || word.text().find('\0') != std::string::npos)
            return wrong(given, "each word of `" + std::string(name) + "` must be text.");
        words.push_back(word.text());
    }
    return words;
}

// What has the rights to restart a unit reads its journal: ["sudo", "-n", "/bin/journalctl"].
std::vector<std::string> journalctl_beside(std::vector<std::string> words) {
    constexpr std::string_view name = "systemctl";
    for (auto& word : words)
        if (word == name || word.ends_with("/systemctl"))
            word.replace(word.size() - name.size(), name.size(), "journalctl");
    return words;
}

Status read_hosts(const Settings& given, SshFleet& fleet) {
    const auto names = read_words(given, "hosts");
    if (!names) return names.error();
    if (names->empty()) return wrong(given, "`hosts` must name at least one host.");
    for (const auto& name : *names) {
        auto host = read_host(given, name);
        if (!host) return host.error();
        for (const auto& other : fleet.hosts)
            if (other.show() == host->show())
                return wrong(given, "`hosts` names " + name + " twice.");
        fleet.hosts.push_back(std::move(*host));
    }
    return Done{};
}

Result<Driver> make(const Settings& given, Services& services) {
    const auto fleet =
        std::make_shared<SshFleet>(SshFleet{.loop = services.loop, .target = given.target});
    if (const auto read = read_hosts(given, *fleet); !read) return read.error();
    const Value& values = given.values;
    fleet->folder = values["folder"].text();
    while (fleet->folder.size() > 1 && fleet->folder.ends_with('/')) fleet->folder.pop_back();
    if (!fleet->folder.starts_with('/') || fleet->folder == "/")
        return wrong(given, "`folder` must be an absolute path other than /.");
    fleet->unit = values["unit"].text();
    if (fleet->unit.empty() || fleet->unit.starts_with('-'))
        return wrong(given, "`unit` must be the name of a unit.");
    for (auto [name, words] :
         {std::pair("systemctl", &fleet->systemctl), std::pair("journalctl", &fleet->journalctl),
          std::pair("health", &fleet->health)}) {
        auto read = read_words(given, name);
        if (!read) return read.error();
        *words = std::move(*read);
    }
    if (fleet->systemctl.empty()) fleet->systemctl = {"systemctl"};
    if (fleet->journalctl.empty()) fleet->journalctl = journalctl_beside(fleet->systemctl);
    fleet->artifacts = path_below(given.folder, values["artifacts"].text());
    fleet->endpoint =
        values["endpoint"].is_text() ? values["endpoint"].text() : fleet->hosts.front().host;
    if (values.has("at_once")) {
        if (values["at_once"].integer() < 1) return wrong(given, "`at_once` must be at least 1.");
        fleet->at_once = static_cast<std::size_t>(values["at_once"].integer());
    }
    if (values.has("starts_within")) {
        const auto within = convert(Type::duration, values["starts_within"], "starts_within");
        if (!within) return wrong(given, within.error().message);
        fleet->starts_within_s = within->number();
    }
    fleet->connections = SshConnections::of(services.loop);
    fleet->archives = std::filesystem::absolute(services.state_folder).string() + "/archives";
    Driver driver;
    driver.state = fleet;
    driver.examine = [fleet](Call& call) { return examine_fleet(fleet, call); };
    add_fleet_observes(driver.operations, fleet);
    add_fleet_logs(driver.operations, fleet);
    add_fleet_releases(driver.operations, fleet);
    add_fleet_promotions(driver.operations, fleet);
    add_fleet_controls(driver.operations, fleet);
    add_fleet_environment(driver.operations, fleet);
    return driver;
}

}  // namespace

// What a release needs there; nothing is written.
Awaitable<Result<Value>> examine_fleet(SharedFleet fleet, Call& call) {
    Findings found(call);
    const std::string commands =
        "lacks=\nfor tool in flock tar sha256sum base64 sync; do\n"
        "command -v \"$tool\" >/dev/null || lacks=\"$lacks $tool\"\ndone\n"
        "reply64 lacks \"$lacks\"\n"
        "at=$folder\nwhile [ ! -e \"$at\" ]; do at=${at%/*}; at=${at:-/}; done\n"
        "{ [ -d \"$at\" ] && [ -w \"$at\" ]; } && reply writable yes\n"
        "said=$(ctl cat \"$unit\" 2>&1) && reply unit yes || reply64 said \"$said\"\n";
    for (std::size_t i = 0; i < fleet->hosts.size(); ++i) {
        const SshHost& host = fleet->hosts[i];
        auto asking = ask_fleet(fleet, call, {i}, 1, commands);
        const auto answers = co_await asking;
        const SshAnswer& answer = answers.front();
        const std::string name = host.show();
        const std::string folder = fill_host(fleet->folder, host);
        const std::string unit = fill_host(fleet->unit, host);
        if (!answer.ok && is_for_a_person(answer.error)) {
            found.refused(answer.error.message);
            continue;
        }
        if (!answer.ok) {
            found.problem(answer.error.message);
            continue;
        }
        found.well(name + " lets us in");
        if (!answer["lacks"].empty())
            found.problem(name + " lacks" + answer["lacks"],
                          "Install coreutils, util-linux and tar there.");
        if (!answer.has("writable"))
            found.lacks({"release", "redeploy", "rollback", "promote", "set_env", "unset_env",
                         "set_maintenance", "prune_releases"},
                        name + " does not let us write " + folder,
                        "Give the folder to the login's user there.");
        if (answer.has("unit"))
            found.well(name + " has the unit " + unit);
        else
            found.problem(name + " does not show the unit " + unit + ": " + answer["said"],
                          "Install the unit there, or correct `unit` or `systemctl`.");
    }
    co_return found.value();
}

const DriverKind deploy_ssh_kind = {
    .family = "deploy",
    .name = "ssh",
    .doc =
        "Release folders and a systemd unit on one or more hosts, over the ssh program that is "
        "installed here. A release is copied to every host first; then they are taken to it a few "
        "at a time, each healthy before the next go, and release returns when it is decided: where "
        "one does not become healthy, all go back and the release's state is \"failed\". The hosts "
        "need sshd, systemd, a POSIX shell, coreutils, util-linux and tar.",
    .settings = settings,
    .operations = operations,
    .make = make,
    .doctor_checks = "every host, its key and the login; the folder, the tools and the unit there",
    .doctor_cannot =
        "whether the login may restart the unit; whether a version that is not built "
        "can be",
};

}  // namespace perilune
