# The pages' files: our own from server/ui, and other projects' where this machine has them. None is needed: without KaTeX
# formulas stay TeX, without Swagger UI /docs is the reference page of server/ui/reference.js.
find_program(LOSSD_GZIP gzip REQUIRED)
set(LOSSD_KATEX /usr/share/javascript/katex CACHE PATH "Where Debian's libjs-katex has its files")
set(LOSSD_SWAGGER_UI ${PROJECT_SOURCE_DIR}/build/npm/node_modules/swagger-ui-dist CACHE PATH
  "Where ./dev deps puts npm's swagger-ui-dist")
set(vendored ${CMAKE_CURRENT_BINARY_DIR}/vendored)

# Written only when it changes, so that nothing is built anew.
function(lossd_write file text)
  file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
endfunction()

# lossd_vendored(NAME file): the file as /ui/NAME; an empty one where there is no such file, so that pages may name it.
function(lossd_vendored name file)
  if(EXISTS ${file})
    configure_file(${file} ${vendored}/${name} COPYONLY)
  else()
    lossd_write(${vendored}/${name} "")
  endif()
endfunction()

set(licences "")
lossd_vendored(katex.min.js ${LOSSD_KATEX}/katex.min.js)
if(EXISTS ${LOSSD_KATEX}/katex.min.css)
  file(READ ${LOSSD_KATEX}/katex.min.css style)
  string(REPLACE "url(fonts/" "url(" style "${style}") # all files lie in one folder here
  lossd_write(${vendored}/katex.min.css "${style}")
  file(GLOB fonts ${LOSSD_KATEX}/fonts/*.woff2)
  foreach(font IN LISTS fonts)
    get_filename_component(name ${font} NAME)
    lossd_vendored(${name} ${font})
  endforeach()
  list(APPEND licences /usr/share/doc/libjs-katex/copyright)
else()
  lossd_write(${vendored}/katex.min.css "")
  message(STATUS "KaTeX was not found: the playground shows formulas as TeX. Debian's package is libjs-katex (./dev deps).")
endif()

lossd_vendored(swagger-ui.css ${LOSSD_SWAGGER_UI}/swagger-ui.css)
lossd_vendored(swagger-ui-bundle.js ${LOSSD_SWAGGER_UI}/swagger-ui-bundle.js)
if(EXISTS ${LOSSD_SWAGGER_UI}/swagger-ui-bundle.js)
  list(APPEND licences ${LOSSD_SWAGGER_UI}/NOTICE ${LOSSD_SWAGGER_UI}/LICENSE)
else()
  message(STATUS "Swagger UI was not found: /docs is the plain reference. ./dev deps fetches it where npm's registry answers.")
endif()

set(text "The pages of lossd: MIT licence. What they load of other projects:\n")
foreach(file IN LISTS licences)
  if(EXISTS ${file})
    file(READ ${file} licence)
    string(APPEND text "\n${licence}")
  endif()
endforeach()
lossd_write(${vendored}/licences.txt "${text}")

# lossd_assets(VARIABLE path file ...): an assembler source that holds each file, gzipped, and assets.inc, the table of them.
function(lossd_assets variable)
  set(table "")
  set(embedded "")
  while(ARGN)
    list(POP_FRONT ARGN path file)
    string(MAKE_C_IDENTIFIER "lossd_asset${path}" symbol)
    set(compressed ${CMAKE_CURRENT_BINARY_DIR}/compressed/${symbol}.gz)
    get_filename_component(file ${file} ABSOLUTE)
    add_custom_command(OUTPUT ${compressed}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/compressed
      COMMAND ${LOSSD_GZIP} -9nc ${file} > ${compressed} DEPENDS ${file} VERBATIM)
    list(APPEND embedded ${symbol} ${compressed})
    string(APPEND table "X(${symbol}, \"${path}\")\n")
  endwhile()
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/assets.inc CONTENT "${table}" @ONLY)
  lossd_embed(${variable} ${embedded})
  set(${variable} ${${variable}} PARENT_SCOPE)
endfunction()
