#include "interpreter/command/sources.h"

#include <algorithm>

#include "bindings/table.h"
#include "interpreter/lua/syntax/parser.h"

namespace perilune {

namespace {

syntax::NameSet family_names() {
    syntax::NameSet names;
    for (const auto* family : all_families()) names.emplace(family->name);
    return names;
}

syntax::Diagnostic unreadable(const std::string& path, const Error& error) {
    syntax::Diagnostic found{
        .file = path, .position = {}, .code = error.code, .message = error.message};
    if (error.detail.has("line")) {
        found.position.line = static_cast<std::uint32_t>(error.detail["line"].integer());
        found.position.column = static_cast<std::uint32_t>(error.detail["column"].integer());
        found.message = error.detail["text"].text();
    }
    return found;
}

}  // namespace

const SourceFile* Sources::get(const std::string& path) {
    if (const auto known = files_.find(path); known != files_.end()) return known->second.get();
    auto& kept = files_[path];
    const auto text = read_library_file(library_, path);
    if (!text) {
        findings.push_back(unreadable(path, text.error()));
        return nullptr;
    }
    auto tree = syntax::parse_lua(*text, path);
    if (!tree) {
        findings.push_back(unreadable(path, tree.error()));
        return nullptr;
    }
    auto file = std::make_unique<SourceFile>();
    file->path = path;
    file->tree = std::move(*tree);
    file->scopes = syntax::resolve(file->tree);
    file->facts = syntax::read_facts(file->tree, file->scopes, family_names());
    kept = std::move(file);
    return kept.get();
}

std::vector<const SourceFile*> Sources::with_modules(const std::string& path) {
    std::vector<const SourceFile*> found;
    std::set<std::string> seen = {path};
    std::vector<std::string> wanted = {path};
    while (!wanted.empty()) {
        const SourceFile* file = get(wanted.back());
        wanted.pop_back();
        if (!file) continue;
        found.push_back(file);
        for (const auto* call : file->facts.named("require")) {
            const auto module = find_module(library_, call->name);
            if (module && seen.insert(*module).second) wanted.push_back(*module);
        }
    }
    return found;
}

std::optional<std::string> find_module(const Library& library, std::string_view name) {
    std::string inner(name);
    std::replace(inner.begin(), inner.end(), '.', '/');
    for (const auto& path : {inner + ".lua", "lib/" + inner + ".lua", inner + "/init.lua"})
        if (std::find(library.files.begin(), library.files.end(), path) != library.files.end())
            return path;
    // Of what the library depends on: as modules.lua finds it.
    for (const auto& ending : {"/lib/" + inner + ".lua", "/lib/" + inner + "/init.lua"})
        for (const auto& path : library.files)
            if (path.starts_with("dependencies/") && path.ends_with(ending) &&
                path.find('/', std::string_view("dependencies/").size()) ==
                    path.size() - ending.size())
                return path;
    return std::nullopt;
}

std::vector<std::string> module_names(const Library& library) {
    std::vector<std::string> names;
    for (const auto& path : library.files) {
        std::string_view inner = path;
        if (!inner.ends_with(".lua")) continue;
        inner.remove_suffix(4);
        if (const auto lib = inner.find("/lib/");
            inner.starts_with("dependencies/") && lib != std::string_view::npos)
            inner.remove_prefix(lib + 1);
        if (inner.starts_with("lib/")) inner.remove_prefix(4);
        names.emplace_back(inner);
        std::replace(names.back().begin(), names.back().end(), '/', '.');
    }
    return names;
}

std::optional<Result<ParameterDeclarations>> declared_parameters(const SourceFile& file) {
    if (!file.facts.keys || !file.facts.keys->complete) return std::nullopt;
    const syntax::Key* key = file.facts.keys->find("parameters");
    if (!key) return Result<ParameterDeclarations>(ParameterDeclarations());
    if (!key->literal) return std::nullopt;
    return read_declarations(*key->literal);
}

std::string declared_text(const SourceFile& file, std::string_view key) {
    const syntax::Key* found = file.facts.keys ? file.facts.keys->find(key) : nullptr;
    return found && found->literal ? found->literal->text() : "";
}

}  // namespace perilune
