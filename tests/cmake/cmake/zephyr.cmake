# Stand-ins for what a module calls of Zephyr: its flags, its list of libraries, its include paths.
add_library(zephyr_interface INTERFACE)
target_compile_definitions(zephyr_interface INTERFACE ZEPHYR)

function(zephyr_append_cmake_library library)
    link_libraries(${library})
endfunction()

function(zephyr_include_directories)
    include_directories(${ARGN})
endfunction()
