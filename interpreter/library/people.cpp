// Reads who is who, and answers who may approve.
#include "interpreter/library/people.h"

#include <algorithm>

#include "interpreter/base/ssh_signature.h"
#include "interpreter/base/suggest.h"
#include "interpreter/base/units.h"
#include "interpreter/library/fields.h"
#include "interpreter/library/source_text.h"

namespace perilune {

namespace {

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

double read_moment(const YamlNode& node, const std::string& what, Problems& problems) {
    const auto text = read_text(node, what, problems);
    if (!text) return 0;
    const auto moment = parse_time(*text);
    if (!moment)
        problems.add(node.place,
                     what + " must be a time such as \"2026-03-01T00:00:00Z\", but it is " +
                         in_quotes(*text) + ". Correct it.");
    return moment ? *moment : 0;
}

// "ssh-ed25519 AAAA… anna", or { key, valid_after, valid_before }.
void read_key(const YamlNode& node, const std::string& what, Person& person, Problems& problems) {
    const YamlNode* line = &node;
    if (node.is_map()) {
        refuse_unknown_keys(node, what, {"key", "valid_after", "valid_before"}, problems);
        line = node.find("key");
        if (!line) return problems.add(node.place, what + " has no \"key\". Add the public key.");
    }
    const auto text = read_text(*line, what, problems);
    if (!text) return;
    auto key = parse_ssh_key(*text);
    if (!key) return problems.add(line->place, what + " " + key.error().message);
    key->place = line->place;
    if (const YamlNode* after = node.find("valid_after"))
        key->valid_after = read_moment(*after, what + ".valid_after", problems);
    if (const YamlNode* before = node.find("valid_before"))
        key->valid_before = read_moment(*before, what + ".valid_before", problems);
    if (key->valid_before > 0 && key->valid_before <= key->valid_after)
        problems.add(line->place, what +
                                      " is never valid: valid_before is not after valid_after. "
                                      "Correct one of them.");
    person.keys.push_back(std::move(*key));
}

void read_keys(const YamlNode& node, const std::string& what, Person& person, Problems& problems) {
    if (!node.is_list()) return read_key(node, what, person, problems);
    for (const auto& item : node.list) read_key(item, what, person, problems);
}

// One key is one person's: else a signature would not say who gave it.
void check_keys(const std::map<std::string, Person>& people, Problems& problems) {
    std::map<std::string, std::string> holders;
    for (const auto& [id, person] : people)
        for (const auto& key : person.keys) {
            const auto [first, is_new] = holders.try_emplace(key.fingerprint, id);
            if (is_new) continue;
            const std::string whose = first->second == id ? "people." + id + " has"
                                                          : "people." + first->second +
                                                                " and people." + id + " both have";
            problems.add(key.place, whose + " the key " + key.fingerprint +
                                        (first->second == id ? " twice. Remove one."
                                                             : ". A key is one person's: remove it "
                                                               "from the other."));
        }
}

Person read_person(const YamlEntry& entry, Problems& problems) {
    const std::string what = "people." + entry.key;
    Person person;
    person.id = entry.key;
    person.name = entry.key;
    person.place = entry.place;
    if (!is_plain_name(entry.key))
        problems.add(entry.place, in_quotes(entry.key) +
                                      " is no id: it may only have lower-case "
                                      "letters, digits, - and _. Change it.");
    if (!expect_map(entry.value, what, problems)) return person;
    refuse_unknown_keys(entry.value, what, {"name", "roles", "keys", "owner"}, problems);
    const auto text = [&](const char* key, std::string& into) {
        if (const YamlNode* node = entry.value.find(key))
            into = read_text(*node, what + "." + key, problems).value_or("");
    };
    text("name", person.name);
    if (const YamlNode* keys = entry.value.find("keys"))
        read_keys(*keys, what + ".keys", person, problems);
    text("owner", person.owner);
    if (const YamlNode* roles = entry.value.find("roles"))
        for (const auto& role : read_texts(*roles, what + ".roles", problems))
            person.roles.push_back(role.text);
    return person;
}

// An owner is a person: no unknown id, no other service account, not the account itself.
void check_owners(const std::map<std::string, Person>& people, Problems& problems) {
    std::vector<std::string> ids;
    for (const auto& [id, person] : people) ids.push_back(id);
    for (const auto& [id, person] : people) {
        if (person.owner.empty()) continue;
        const auto owner = people.find(person.owner);
        if (owner == people.end()) {
            problems.add(person.place, "people." + id + " is owned by " + in_quotes(person.owner) +
                                           ", who is not among the people." +
                                           did_you_mean(person.owner, ids) +
                                           " Add that person, or correct the id.");
        } else if (!owner->second.owner.empty()) {
            problems.add(person.place, "people." + id + " is owned by " + in_quotes(person.owner) +
                                           ", which is a service account. Name a person.");
        }
    }
}

bool is_named(const ApprovalRule& rule, const Person& person) {
    return std::any_of(rule.from.begin(), rule.from.end(), [&](const std::string& name) {
        return name == person.id ||
               std::find(person.roles.begin(), person.roles.end(), name) != person.roles.end();
    });
}

std::string whom_to_ask(const std::vector<std::string>& eligible) {
    if (eligible.empty()) return " Nobody else may either: give somebody the role.";
    return " Ask " + listed(eligible) + ".";
}

}  // namespace

Result<People> People::load(const std::string& path, std::string_view shown) {
    const auto text = read_source(path, shown);
    if (!text) return text.error();
    if (const auto safe = refuse_world_writable(path, shown); !safe) return safe.error();
    return parse(*text, shown);
}

Result<People> People::parse(std::string_view text, std::string_view shown) {
    const auto root = parse_yaml(text, shown);
    if (!root) return root.error();
    Problems problems;
    People people;
    const YamlNode* entries = root->find("people");
    if (!entries)
        return problem_at(root->place,
                          "The file has no \"people\". Add people: { ID: { name: …, "
                          "roles: […] } }.");
    refuse_unknown_keys(*root, "The file", {"people"}, problems);
    if (expect_map(*entries, "people", problems))
        for (const auto& entry : entries->entries)
            people.people_[entry.key] = read_person(entry, problems);
    check_owners(people.people_, problems);
    check_keys(people.people_, problems);
    if (problems.any()) return problems.error();
    return people;
}

Result<People> People::of(const Library& library) {
    if (library.texts) return of(*library.texts);
    const auto& files = library.files;
    if (std::find(files.begin(), files.end(), people_file) == files.end()) return People();
    return load(disk_path(library, std::string(people_file)), people_file);
}

Result<People> People::of(const Texts& bundle) {
    const auto found = bundle.find(std::string(people_file));
    return found == bundle.end() ? People() : parse(found->second, people_file);
}

bool People::know_keys() const {
    return std::any_of(people_.begin(), people_.end(),
                       [](const auto& entry) { return !entry.second.keys.empty(); });
}

const Person* People::holder(std::string_view fingerprint) const {
    for (const auto& [id, person] : people_)
        for (const auto& key : person.keys)
            if (key.fingerprint == fingerprint) return &person;
    return nullptr;
}

std::string People::allowed_signers() const {
    std::string lines;
    for (const auto& [id, person] : people_)
        for (const auto& key : person.keys) {
            lines += id + " namespaces=\"" + std::string(ssh_namespace) + "\"";
            if (key.valid_after > 0) lines += ",valid-after=\"" + ssh_time(key.valid_after) + "\"";
            if (key.valid_before > 0)
                lines += ",valid-before=\"" + ssh_time(key.valid_before) + "\"";
            lines += " " + key.type + " " + key.blob + "\n";
        }
    return lines;
}

const Person* People::find(std::string_view id) const {
    const auto found = people_.find(lower_case(id));
    return found == people_.end() ? nullptr : &found->second;
}

std::string People::person_behind(std::string_view id) const {
    const Person* person = find(id);
    if (!person) return lower_case(id);
    return person->owner.empty() ? person->id : person->owner;
}

bool People::has_role(std::string_view id, std::string_view role) const {
    const Person* person = find(id);
    return person &&
           std::find(person->roles.begin(), person->roles.end(), role) != person->roles.end();
}

Status People::may_approve(const ApprovalRule& rule, std::string_view id, std::string_view starter,
                           bool asked_not_starter) const {
    const Person* person = find(id);
    const std::string ask = whom_to_ask(eligible(rule, starter, asked_not_starter));
    if (!person)
        return fail("not_allowed", in_quotes(id) + " is not among the people of this team." + ask);
    if (!is_named(rule, *person))
        return fail("not_allowed",
                    in_quotes(id) + " has none of the roles " + listed(rule.from) + "." + ask);
    if (!person->owner.empty())
        return fail("not_allowed", in_quotes(id) +
                                       " is a service account, and an approval is a "
                                       "person's." +
                                       ask);
    const bool excluded = rule.not_starter || asked_not_starter;
    if (excluded && person->id == person_behind(starter))
        return fail("not_allowed", in_quotes(id) +
                                       " started the run, itself or by a service account, and this "
                                       "approval needs somebody else." +
                                       ask);
    return Done{};
}

std::vector<std::string> People::eligible(const ApprovalRule& rule, std::string_view starter,
                                          bool asked_not_starter) const {
    const bool excluded = rule.not_starter || asked_not_starter;
    std::vector<std::string> found;
    for (const auto& [id, person] : people_) {
        const bool starts_it = excluded && id == person_behind(starter);
        if (know_keys() && person.keys.empty()) continue;
        if (person.owner.empty() && is_named(rule, person) && !starts_it) found.push_back(id);
    }
    return found;
}

}  // namespace perilune
