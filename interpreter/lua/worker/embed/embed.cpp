// perilune-embed OUT FILE…: writes Lua files as bytecode into a C++ file, at build time.
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include <lua.hpp>

namespace {

int append_piece(lua_State*, const void* piece, std::size_t size, void* out) {
    static_cast<std::string*>(out)->append(static_cast<const char*>(piece), size);
    return 0;
}

// "…/stdlib/vocabulary/units.lua" is named "vocabulary/units.lua" in positions.
std::string short_path(const std::string& path) {
    const auto folder = path.rfind('/', path.rfind('/') - 1);
    return path.substr(folder + 1);
}

// The name by which it is required: "vocabulary.units".
std::string module_name(const std::string& path) {
    std::string name = short_path(path);
    name.resize(name.size() - std::string(".lua").size());
    name[name.find('/')] = '.';
    return name;
}

bool compile(lua_State* L, const std::string& path, std::string& bytecode) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) {
        std::fprintf(stderr, "perilune-embed: %s cannot be read.\n", path.c_str());
        return false;
    }
    const std::string source = text.str();
    const std::string chunk_name = "@" + short_path(path);
    if (luaL_loadbufferx(L, source.data(), source.size(), chunk_name.c_str(), "t") != 0) {
        std::fprintf(stderr, "perilune-embed: %s\n", lua_tostring(L, -1));
        return false;
    }
    lua_dump(L, append_piece, &bytecode);
    lua_pop(L, 1);
    return true;
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 3) {
        std::fprintf(stderr, "Usage: perilune-embed OUT FILE...\n");
        return 2;
    }
    lua_State* L = luaL_newstate();
    std::ofstream out(arguments[1]);
    std::string table;
    out << "// Made by perilune-embed.\n#include \"interpreter/lua/worker/embedded.h\"\n\n"
        << "namespace perilune::worker {\n\nnamespace {\n";
    for (int i = 2; i < count; ++i) {
        std::string bytecode;
        if (!compile(L, arguments[i], bytecode)) return 1;
        out << "constexpr unsigned char bytes_" << i << "[] = {";
        for (const char byte : bytecode)
            out << static_cast<unsigned>(static_cast<unsigned char>(byte)) << ',';
        out << "};\n";
        table += "    {\"" + module_name(arguments[i]) + "\", bytes_" + std::to_string(i) +
                 ", sizeof bytes_" + std::to_string(i) + "},\n";
    }
    out << "}  // namespace\n\nconst EmbeddedFile embedded_files[] = {\n"
        << table << "    {nullptr, nullptr, 0},\n};\n\n}  // namespace perilune::worker\n";
    lua_close(L);
    out.close();
    return out ? 0 : 1;
}
