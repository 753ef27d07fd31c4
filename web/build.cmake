# Run by the build (cmake -P): installs the page's packages if they changed, builds, embeds.
# Wants NODE, NPM, SOURCE (this folder) and OUTPUT (where dist/ and the embedded files go).

# Several build folders may share one checkout, and with it node_modules.
file(LOCK ${SOURCE}/.build.lock GUARD PROCESS TIMEOUT 900 RESULT_VARIABLE locked)
if(NOT locked EQUAL 0)
  message(FATAL_ERROR "web/.build.lock: ${locked}")
endif()

function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${SOURCE} RESULT_VARIABLE status
    OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${output}\n${command}: ${status}")
  endif()
endfunction()

# npm writes this file last, so that an interrupted installation is not taken for a complete one.
set(installed ${SOURCE}/node_modules/.package-lock.json)
if(NOT EXISTS ${installed} OR ${SOURCE}/package-lock.json IS_NEWER_THAN ${installed})
  run(${NPM} ci --no-audit --no-fund --prefer-offline)
  file(TOUCH ${installed})
endif()
run(${NPM} run build -- --outDir ${OUTPUT}/dist --emptyOutDir --logLevel warn)
run(${NODE} embed.mjs ${OUTPUT}/dist ${OUTPUT})
