// Reads who is who, and answers who may approve.
#include "interpreter/library/people.h"

#include <algorithm>

#include "interpreter/base/suggest.h"
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
    refuse_unknown_keys(entry.value, what, {"name", "roles", "key", "owner"}, problems);
    const auto text = [&](const char* key, std::string& into) {
        if (const YamlNode* node = entry.value.find(key))
            into = read_text(*node, what + "." + key, problems).value_or("");
    };
    text("name", person.name);
    text("key", person.key);
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
    if (problems.any()) return problems.error();
    return people;
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
        if (person.owner.empty() && is_named(rule, person) && !starts_it) found.push_back(id);
    }
    return found;
}

}  // namespace perilune
