# The verbs that the project's CMake files are written in.

# Protection of where calls, jumps and returns go, by processor.
set(control_flow_x86_64 -fcf-protection=full)
set(control_flow_aarch64 -mbranch-protection=standard)

# lossd_flags: warnings, sanitizers and definitions that all our code is built with.
add_library(lossd_flags INTERFACE)
target_include_directories(lossd_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
target_compile_definitions(lossd_flags INTERFACE _GNU_SOURCE LOSSD_VERSION="${PROJECT_VERSION}")
target_compile_options(lossd_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -ffp-contract=off
                                             $<$<BOOL:${LOSSD_WERROR}>:-Werror>)
if(LOSSD_SANITIZE)
  target_compile_options(lossd_flags INTERFACE -fsanitize=${LOSSD_SANITIZE} -fno-sanitize-recover=all
                                               -fno-omit-frame-pointer)
  target_link_options(lossd_flags INTERFACE -fsanitize=${LOSSD_SANITIZE})
else()
  target_compile_options(lossd_flags INTERFACE -fstack-protector-strong ${control_flow_${CMAKE_SYSTEM_PROCESSOR}}
                                               $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
  target_link_options(lossd_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
if(LOSSD_COVERAGE)
  # One copy of each branch, as written: a copy for each place that it is inlined in would be counted as often.
  target_compile_options(lossd_flags INTERFACE --coverage -fprofile-update=atomic -Dalways_inline=unused)
  target_link_options(lossd_flags INTERFACE --coverage)
endif()
include(CheckPIESupported)
check_pie_supported()

# lossd_library(NAME sources...): a static library of one room.
function(lossd_library name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:lossd_flags>)
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}>)
endfunction()

# lossd_embed(VARIABLE symbol file ...): an assembler source, named in VARIABLE, that holds each file's bytes at
# symbol[] and their number in symbol_length.
function(lossd_embed variable)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${variable}.S)
  # Marks the object as fit for CET on x86, for BTI and PAC on arm64: one without the mark takes it from the whole program.
  set(text "#ifdef __CET__\n#include <cet.h>\n#endif\n#ifdef __ARM_FEATURE_BTI_DEFAULT\n.section .note.gnu.property,\"a\"\n"
           ".balign 8\n.long 4, 16, 5\n.asciz \"GNU\"\n.long 0xc0000000, 4, 3, 0\n#endif\n.section .rodata\n")
  string(CONCAT text ${text})
  set(files "")
  while(ARGN)
    list(POP_FRONT ARGN symbol file)
    get_filename_component(file ${file} ABSOLUTE)
    list(APPEND files ${file})
    string(APPEND text ".balign 16\n.global ${symbol}\n${symbol}:\n.incbin \"${file}\"\n.set ${symbol}_size, . - ${symbol}\n"
                       ".balign 8\n.global ${symbol}_length\n${symbol}_length:\n.quad ${symbol}_size\n")
  endwhile()
  string(APPEND text ".section .note.GNU-stack,\"\",@progbits\n")
  file(CONFIGURE OUTPUT ${source} CONTENT "${text}" @ONLY)
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${files}")
  set(${variable} ${source} PARENT_SCOPE)
endfunction()

# lossd_variants(OUT PREFIX sources...): the sources compiled once for each instruction set and precision, as object
# libraries PREFIX_baseline_f64 ... PREFIX_avx512_f32; OUT becomes the list of their objects.
# -fno-math-errno and -fno-trapping-math let loops vectorise and change no result; -O3 because -O2 does not vectorise.
# Sanitizers want the sources' accesses, not vectors, and a build that ends: -O1; coverage, the branches as written.
# clang warns where a loop that it was told is safe stays scalar; that costs speed and not a bit.
set(kernel_level -O3)
if(LOSSD_SANITIZE)
  set(kernel_level -O1)
elseif(LOSSD_COVERAGE)
  set(kernel_level -O0)
endif()
set(kernel_options ${kernel_level} -fno-math-errno -fno-trapping-math $<$<C_COMPILER_ID:Clang>:-Wno-pass-failed>)
set(isa_baseline "")
set(isas baseline)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND isas avx2 avx512)
  set(isa_avx2 -mavx2 -mfma -mbmi2)
  set(bits_avx2 -mbmi -mlzcnt -mpopcnt)
  set(bits_avx512 ${bits_avx2} -mavx512cd)
  set(isa_avx512 -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma -mbmi2 -mprefer-vector-width=512)
endif()

function(lossd_variants out prefix)
  set(objects "")
  foreach(isa ${isas})
    foreach(precision f64 f32)
      set(variant ${isa}_${precision})
      add_library(${prefix}_${variant} OBJECT ${ARGN})
      target_link_libraries(${prefix}_${variant} PRIVATE lossd_flags)
      target_compile_options(${prefix}_${variant} PRIVATE ${kernel_options} ${isa_${isa}})
      target_compile_definitions(${prefix}_${variant} PRIVATE LOSSD_VARIANT=${variant}
        $<$<STREQUAL:${precision},f32>:LOSSD_SINGLE_PRECISION>
        $<$<STREQUAL:${variant},baseline_f64>:LOSSD_DEFINE_ROWS>)
      list(APPEND objects $<TARGET_OBJECTS:${prefix}_${variant}>)
    endforeach()
  endforeach()
  set(${out} ${objects} PARENT_SCOPE)
endfunction()

# lossd_instruction_sets(OUT PREFIX sources...): the same for sources that have no precision: PREFIX_baseline ... PREFIX_avx512.
function(lossd_instruction_sets out prefix)
  set(objects "")
  foreach(isa ${isas})
    add_library(${prefix}_${isa} OBJECT ${ARGN})
    target_link_libraries(${prefix}_${isa} PRIVATE lossd_flags)
    target_compile_options(${prefix}_${isa} PRIVATE ${kernel_level} ${isa_${isa}} ${bits_${isa}})
    target_compile_definitions(${prefix}_${isa} PRIVATE LOSSD_VARIANT=${isa})
    list(APPEND objects $<TARGET_OBJECTS:${prefix}_${isa}>)
  endforeach()
  set(${out} ${objects} PARENT_SCOPE)
endfunction()

# lossd_program(TARGET): sets TARGET_program, the path by which to run it: its own, or a script's that has it emulated.
function(lossd_program target)
  set(program $<TARGET_FILE:${target}>)
  if(CMAKE_CROSSCOMPILING_EMULATOR)
    set(program ${PROJECT_BINARY_DIR}/emulated/${target})
    list(JOIN CMAKE_CROSSCOMPILING_EMULATOR " " emulator)
    file(GENERATE OUTPUT ${program} CONTENT "#!/bin/sh\nexec ${emulator} $<TARGET_FILE:${target}> \"$@\"\n"
      FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
  endif()
  set(${target}_program ${program} PARENT_SCOPE)
endfunction()

set(test_seconds 300)
if(CMAKE_CROSSCOMPILING_EMULATOR)
  set(test_seconds 3000)
endif()

# lossd_test(NAME sources... [LIBRARIES libs...]): a cmocka program that ctest runs.
function(lossd_test name)
  cmake_parse_arguments(arg "" "" "LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE lossd_flags ${arg_LIBRARIES} PkgConfig::CMOCKA m)
  target_compile_definitions(${name} PRIVATE LOSSD_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${test_seconds})
endfunction()

# lossd_e2e(NAME): tests/e2e/NAME.py, which starts the real binary.
function(lossd_e2e name)
  add_test(NAME e2e_${name} COMMAND ${LOSSD_PYTHON} -B ${PROJECT_SOURCE_DIR}/tests/e2e/${name}.py)
  set_tests_properties(e2e_${name} PROPERTIES TIMEOUT 600 ENVIRONMENT
    "LOSSD_BINARY=${lossd_program};LOSSD_SANITIZE=${LOSSD_SANITIZE}")
endfunction()

# lossd_client_test(NAME): tests/e2e/NAME.c, a client in C of the real binary.
function(lossd_client_test name)
  lossd_test(${name} e2e/${name}.c LIBRARIES PkgConfig::CURL PkgConfig::ZLIB)
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "LOSSD_BINARY=${lossd_program}")
endfunction()

# lossd_fuzz(NAME sources... [LIBRARIES libs...]): a libFuzzer program, built with -DLOSSD_FUZZ=ON.
function(lossd_fuzz name)
  if(NOT LOSSD_FUZZ)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${name} PRIVATE lossd_flags ${arg_LIBRARIES} m)
endfunction()
