# What `cmake --install` puts where: programs, Lua, man page, completions and editor stubs.
include(GNUInstallDirs)

# The program prints its own manual and completions, so they cannot be of another version.
set(reference_folder ${CMAKE_BINARY_DIR}/reference)
set(reference_files)
function(perilune_reference file)
  set(made ${reference_folder}/${file})
  get_filename_component(folder ${made} DIRECTORY)
  add_custom_command(OUTPUT ${made}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND perilune docs ${ARGN} --output ${made}
    DEPENDS perilune VERBATIM)
  set(reference_files ${reference_files} ${made} PARENT_SCOPE)
endfunction()
perilune_reference(man1/perilune.1 man)
perilune_reference(bash/perilune completions bash)
perilune_reference(zsh/_perilune completions zsh)
perilune_reference(fish/perilune.fish completions fish)
perilune_reference(stubs/perilune.lua stubs)
add_custom_target(perilune-reference ALL DEPENDS ${reference_files})

# Writes the pages of docs/reference anew, which a test compares with the program's tables.
add_custom_target(reference-pages
  COMMAND perilune docs operations --output ${CMAKE_SOURCE_DIR}/docs/reference/operations.md
  COMMAND perilune docs drivers --output ${CMAKE_SOURCE_DIR}/docs/reference/drivers.md
  COMMAND perilune docs commands --output ${CMAKE_SOURCE_DIR}/docs/reference/commands.md
  VERBATIM)

install(TARGETS perilune RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
set(helper_folder ${CMAKE_INSTALL_LIBEXECDIR}/perilune)
install(TARGETS perilune-worker perilune-simulator RUNTIME DESTINATION ${helper_folder})
# The supervisor's target is made in a folder that CMake reads later, if it is made at all.
install(PROGRAMS ${CMAKE_BINARY_DIR}/bin/perilune-supervisor DESTINATION ${helper_folder} OPTIONAL)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/stdlib ${CMAKE_SOURCE_DIR}/runbooks
  DESTINATION ${CMAKE_INSTALL_DATADIR}/perilune USE_SOURCE_PERMISSIONS PATTERN ".local" EXCLUDE)
install(FILES ${reference_folder}/man1/perilune.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${reference_folder}/bash/perilune
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${reference_folder}/zsh/_perilune
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${reference_folder}/fish/perilune.fish
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES ${reference_folder}/stubs/perilune.lua
  DESTINATION ${CMAKE_INSTALL_DATADIR}/perilune/stubs)
