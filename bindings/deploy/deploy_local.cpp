// The driver `local` of deploy: release folders of this machine and instances under a supervisor.
#include <filesystem>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "bindings/deploy/deploy.h"
#include "bindings/deploy/local_target.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/files.h"

namespace perilune {

namespace {

constexpr Setting settings[] = {
    {.name = "folder",
     .doc = "The target's own folder: releases/, current (a link to the serving one), env.json, "
            "maintenance (the flag file), state and logs.",
     .identity = true},
    {.name = "artifacts", .doc = "The folder that has one folder for each built version."},
    {.name = "command",
     .type = Type::list,
     .doc = "What an instance is: a program and its arguments, started in the release's folder "
            "without a shell. The first word is an absolute path, a path below the release, or a "
            "name in /usr/local/bin, /usr/bin or /bin. {port}, {instance} and {release} are "
            "filled in. It has the target's variables and PATH, LANG, PORT, INSTANCE, RELEASE, "
            "VERSION, MAINTENANCE (on or off at its start) and MAINTENANCE_FILE (there while the "
            "maintenance mode is on; it holds the message)."},
    {.name = "port",
     .type = Type::integer,
     .doc = "The port of instance 1; instance N has the N-th from there on."},
    {.name = "instances",
     .type = Type::integer,
     .doc = "How many the first release starts; later, scale says.",
     .need = Need::optional,
     .fallback = "1"},
    {.name = "health",
     .doc = "The path that answers a GET with a status from 200 to 299 where the instance is "
            "healthy.",
     .need = Need::optional,
     .fallback = "/"},
    {.name = "host",
     .doc = "The numeric address on which instances listen.",
     .need = Need::optional,
     .fallback = "127.0.0.1"},
    {.name = "endpoint",
     .doc = "The name under which the target is reached; the host where it is left out.",
     .need = Need::optional},
    {.name = "starts_within",
     .type = Type::duration,
     .doc = "How long an instance of a new release may take to become healthy before the release "
            "is given up.",
     .need = Need::optional,
     .fallback = "1m"},
    {.name = "stops_within",
     .type = Type::duration,
     .doc = "From SIGTERM to SIGKILL.",
     .need = Need::optional,
     .fallback = "10s"},
    {.name = "on_maintenance",
     .doc = "How instances learn of the maintenance mode: \"none\" (they look at the flag file), "
            "\"signal\" (SIGHUP besides; an instance must handle it, or it ends), \"restart\" "
            "(each is started anew).",
     .need = Need::optional,
     .fallback = "none",
     .choices = "none|signal|restart"},
    {.name = "log_size",
     .type = Type::size,
     .doc = "How much of each instance's output is kept.",
     .need = Need::optional,
     .fallback = "4MiB"},
};

constexpr std::string_view operations[] = {"status",   "releases",       "previous_release",
                                           "endpoint", "artifact",       "get_env",
                                           "logs",     "wait_serving",   "wait_healthy",
                                           "release",  "redeploy",       "rollback",
                                           "promote",  "prune_releases", "scale",
                                           "restart",  "start",          "stop",
                                           "set_env",  "unset_env",      "set_maintenance"};

Error wrong(const Settings& given, const std::string& message) {
    return fail("bad_setting", "The target " + given.target + ": " + message);
}

bool is_address(const std::string& host) {
    in_addr four{};
    in6_addr six{};
    return ::inet_pton(AF_INET, host.c_str(), &four) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), &six) == 1;
}

// A setting of a measured type, or the default the table gives it.
Result<double> measure(const Settings& given, std::string_view name) {
    for (const auto& setting : settings) {
        if (setting.name != name) continue;
        const Value& value = given.values[name];
        const auto number =
            convert(setting.type, value.is_nil() ? Value(setting.fallback) : value, name);
        if (!number) return wrong(given, number.error().message);
        return number->number();
    }
    return wrong(given, "there is no setting " + std::string(name) + ".");
}

std::string text_or(const Value& value, const std::string& fallback) {
    return value.is_text() ? value.text() : fallback;
}

Result<LocalSettings> read_settings(const Settings& given) {
    LocalSettings made;
    for (const auto& word : given.values["command"].list()) {
        if (!word.is_text() || word.text().find('\0') != std::string::npos)
            return wrong(given, "each word of `command` must be text.");
        made.command.push_back(word.text());
    }
    if (made.command.empty() || made.command[0].empty())
        return wrong(given, "`command` must be a list of a program and its arguments.");
    made.host = text_or(given.values["host"], "127.0.0.1");
    if (!is_address(made.host)) return wrong(given, "`host` must be a numeric address.");
    made.port = static_cast<int>(given.values["port"].integer());
    if (made.port < 1 || made.port > 65535) return wrong(given, "`port` must be 1 to 65535.");
    made.health = text_or(given.values["health"], "/");
    for (const char c : made.health)
        if (made.health[0] != '/' || static_cast<unsigned char>(c) <= 0x20)
            return wrong(given, "`health` must be a path that starts with a slash.");
    made.on_maintenance = text_or(given.values["on_maintenance"], "none");
    const auto starts_within_s = measure(given, "starts_within");
    const auto stops_within_s = measure(given, "stops_within");
    const auto log_bytes = measure(given, "log_size");
    for (const auto* number : {&starts_within_s, &stops_within_s, &log_bytes})
        if (!*number) return number->error();
    made.starts_within_s = *starts_within_s;
    made.stops_within_s = *stops_within_s;
    made.log_bytes = *log_bytes;
    return made;
}

Result<Driver> make(const Settings& given, Services& services) {
    auto read = read_settings(given);
    if (!read) return read.error();
    std::string root = path_below(given.folder, given.values["folder"].text());
    root = std::filesystem::absolute(root).string();
    while (root.size() > 1 && root.ends_with('/')) root.pop_back();
    if (given.values["folder"].text().empty()) return wrong(given, "`folder` must be a path.");
    const std::string state_folder = std::filesystem::absolute(services.state_folder).string();
    const std::string socket =
        state_folder + "/supervisors/" + to_hex(sha256(root)).substr(0, 24) + ".sock";
    const int instances =
        given.values.has("instances") ? static_cast<int>(given.values["instances"].integer()) : 1;
    const auto local = std::make_shared<const LocalTarget>(
        LocalTarget{services.loop, given.target, root,
                    path_below(given.folder, given.values["artifacts"].text()),
                    text_or(given.values["endpoint"], read->host), *read, instances,
                    services.program_folder + "/perilune-supervisor", socket});
    Driver driver;
    driver.state = std::make_shared<SharedTarget>(local);
    add_observes(driver.operations, local);
    add_waits(driver.operations, local);
    add_releases(driver.operations, local);
    add_promotions(driver.operations, local);
    add_controls(driver.operations, local);
    add_environment(driver.operations, local);
    add_maintenance(driver.operations, local);
    return driver;
}

}  // namespace

const DriverKind deploy_local_kind = {
    .family = "deploy",
    .name = "local",
    .doc =
        "Release folders of this machine. Instances are processes on ports of their own; a "
        "supervisor that outlives the host starts them again when they crash, and takes them "
        "to a new release one by one, each healthy before the next goes.",
    .settings = settings,
    .operations = operations,
    .make = make,
    .doctor_checks = "the folder and what runs there (status)",
    .doctor_cannot = "whether a version that is not built can be",
};

}  // namespace perilune
