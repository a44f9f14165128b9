#include "bindings/database/postgres_machine.h"

#include <algorithm>

#include "interpreter/base/shell_words.h"

namespace perilune {

namespace {

constexpr std::string_view texts[] = {"host",   "user",    "known_hosts", "jump",
                                      "config", "service", "data"};
constexpr std::string_view words_settings[] = {"systemctl", "pg_ctl"};

// `stopped` is "yes" or "no"; what a unit is that no systemctl knows is neither.
const char* const functions = R"SH(
see() {
  stopped=
  if [ -n "$unit" ]; then
    shown=$(ctl show "$unit" 2>&1) || refuse no_service "$shown"
    loaded= active=
    while IFS= read -r line; do
      case $line in
        LoadState=*) loaded=${line#*=} ;;
        ActiveState=*) active=${line#*=} ;;
      esac
    done <<UNIT
$shown
UNIT
    [ "$loaded" = loaded ] || refuse no_service "The unit $unit is ${loaded:-not known} there."
    case $active in inactive | failed) stopped=yes ;; *) stopped=no ;; esac
  else
    pg status -D "$data" >/dev/null 2>&1
    case $? in
      0) stopped=no ;;
      3) stopped=yes ;;
      *) refuse no_service "pg_ctl does not find a server's data in $data." ;;
    esac
  fi
}
change() {
  see
  [ "$stopped" != "$2" ] || return 0
  said=
  # What pg_ctl starts keeps its outputs, so they are not read.
  if [ -n "$unit" ]; then said=$(ctl "$1" "$unit" 2>&1 </dev/null)
  elif [ "$1" = stop ]; then pg stop -D "$data" -m fast -w -t "$within" >/dev/null 2>&1
  else pg start -D "$data" -w -t "$within" >/dev/null 2>&1
  fi
  code=$?
  see
  [ "$stopped" = "$2" ] || refuse machine_failed "$1 ended with $code. $said"
}
)SH";

Error wrong(const Settings& given, const std::string& message) {
    return fail("bad_setting", "The setting `machine` of " + given.target + ": " + message);
}

Result<std::vector<std::string>> read_words(const Settings& given, const Value& value,
                                            std::string_view fallback) {
    std::vector<std::string> words;
    for (const auto& word : value.list()) {
        if (!word.is_text() || word.text().empty())
            return wrong(given, "each word of `" + std::string(fallback) + "` must be text.");
        words.push_back(word.text());
    }
    if (words.empty()) words.emplace_back(fallback);
    return words;
}

std::string machine_script(const PostgresMachine& machine, double within_s,
                           const std::string& commands) {
    const auto assign = [](const std::string& name, const std::string& text) {
        return name + "=" + quote_word(text) + "\n";
    };
    return "unset p\nnonce=$1\n" + assign("unit", machine.unit) + assign("data", machine.data) +
           assign("within", std::to_string(std::max(1, static_cast<int>(within_s)))) +
           ssh_talk_functions + "ctl() { " + quote_words(machine.systemctl) +
           " \"$@\" </dev/null; }\npg() { " + quote_words(machine.pg_ctl) +
           " \"$@\" </dev/null; }\ncd /\n" + functions + commands + "\nreply done yes\n";
}

Awaitable<SshAnswer> ask_machine(PostgresMachinePointer machine, Call& call, std::string commands) {
    SshScript script;
    script.text = machine_script(*machine, call.deadline_s - boot_now_s() - 2, commands);
    script.until_s = call.deadline_s;
    SshAnswer answer = co_await talk(machine->line, std::move(script), call);
    co_return answer;
}

Awaitable<Status> change_machine(PostgresMachinePointer machine, Call& call, std::string commands) {
    const SshAnswer answer = co_await ask_machine(machine, call, std::move(commands));
    if (!answer.ok) co_return answer.error;
    co_return Done{};
}

}  // namespace

Result<PostgresMachinePointer> read_postgres_machine(const Settings& given, Services& services) {
    const Value& values = given.values["machine"];
    if (values.is_nil()) return PostgresMachinePointer();
    Settings one{.target = given.target, .values = values, .folder = given.folder};
    for (const auto& [name, value] : values.map()) {
        const bool is_text = std::ranges::find(texts, name) != std::end(texts);
        const bool is_words = std::ranges::find(words_settings, name) != std::end(words_settings);
        const bool good = is_text ? value.is_text()
                          : is_words
                              ? value.is_list()
                              : name == "identity" || name == "port" || name == "connect_within";
        if (!good) return wrong(given, "`" + name + "` is not known, or of another kind.");
    }
    for (const auto& [name, type] :
         {std::pair("port", Type::integer), std::pair("connect_within", Type::duration)}) {
        if (!values.has(name)) continue;
        auto read = convert(type, values[name], name);
        if (!read) return wrong(given, read.error().message);
        one.values.set(name, std::move(*read));
    }
    auto host = read_ssh_host(one);
    if (!host) return wrong(given, host.error().message);
    const auto machine = std::make_shared<PostgresMachine>(PostgresMachine{
        .line = {services.loop, std::move(*host), SshConnections::of(services.loop)}});
    machine->unit = values["service"].text();
    machine->data = values["data"].text();
    if (machine->unit.empty() == machine->data.empty())
        return wrong(given, "either `service` or `data` says how its server is stopped.");
    if (machine->unit.starts_with('-')) return wrong(given, "`service` is no unit.");
    if (!machine->data.empty() && !machine->data.starts_with('/'))
        return wrong(given, "`data` must be an absolute path there.");
    for (auto [name, words] :
         {std::pair("systemctl", &machine->systemctl), std::pair("pg_ctl", &machine->pg_ctl)}) {
        auto read = read_words(given, values[name], name);
        if (!read) return read.error();
        *words = std::move(*read);
    }
    return PostgresMachinePointer(machine);
}

Awaitable<Result<bool>> machine_is_stopped(PostgresMachinePointer machine, Call& call) {
    const SshAnswer answer = co_await ask_machine(machine, call, "see\nreply stopped \"$stopped\"");
    if (answer.ok) co_return answer["stopped"] == "yes";
    Error error = answer.error;
    error.retry = is_for_a_person(error) ? Retry::never : Retry::safe;
    co_return error;
}

Awaitable<Status> stop_by_machine(PostgresMachinePointer machine, Call& call) {
    auto changing = change_machine(machine, call, "change stop yes");
    co_return co_await changing;
}

Awaitable<Status> start_by_machine(PostgresMachinePointer machine, Call& call) {
    auto changing = change_machine(machine, call, "change start no");
    co_return co_await changing;
}

}  // namespace perilune
