# Completion of lossd for fish: asks lossd itself.
function __lossd_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l flag (string match -r -- '^--[^=]*=' "$word"; or echo)
    if test -n "$flag"
        set -a words (string trim -r -c = -- $flag)
        set word (string replace -- $flag '' "$word")
    end
    for line in ($words[1] complete $words[2..-1] "$word" 2>/dev/null)
        if test "$line" = :files
            string join \n -- $flag(__fish_complete_path "$word")
        else
            string join \n -- $flag$line
        end
    end
end
complete -c lossd -f -a '(__lossd_complete)'
