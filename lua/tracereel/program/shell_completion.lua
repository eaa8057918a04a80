-- The completion scripts of shells: each asks the program what may stand where the cursor is, by --complete.
local scripts = {}

scripts.bash = [==[
# Completion of tracereel for bash.
_tracereel() {
    local IFS=$'\n' line word=${COMP_WORDS[COMP_CWORD]} takes_files=
    COMPREPLY=()
    while read -r line; do
        case $line in
        :files) takes_files=1 ;;
        *) COMPREPLY+=("${line%%$'\t'*}") ;;
        esac
    done < <("${COMP_WORDS[0]/#\~/$HOME}" --complete "$COMP_CWORD" "${COMP_WORDS[@]:1}" 2>/dev/null)
    if [[ $takes_files ]]; then
        [[ $word == "=" ]] && word=
        compopt -o filenames 2>/dev/null
        COMPREPLY+=($(compgen -f -- "$word"))
    fi
}
complete -F _tracereel tracereel
]==]

scripts.zsh = [==[
#compdef tracereel
# Completion of tracereel for zsh.
_tracereel() {
    local line takes_files
    local -a described
    for line in "${(@f)$(${(Q)${~words[1]}} --complete $((CURRENT - 1)) "${(@Q)words[2,-1]}" 2>/dev/null)}"; do
        case $line in
        '') ;;
        :files) takes_files=1 ;;
        *$'\t'*) described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
        *) described+=("${line//:/\\:}") ;;
        esac
    done
    (( $#described )) && _describe -V 'tracereel' described
    [[ -n $takes_files ]] && _files
}
if [[ $funcstack[1] == _tracereel ]]; then
    _tracereel "$@"
else
    compdef _tracereel tracereel
fi
]==]

scripts.fish = [==[
# Completion of tracereel for fish.
function __tracereel_complete
    set -l before (commandline -opc)
    set -l word (commandline -ct)
    set -l all (commandline -op)
    set -l first (math (count $before) + 1)
    test -n "$word"; and set first (math $first + 1)
    for line in ($before[1] --complete (count $before) $before[2..-1] "$word" $all[$first..-1] 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$word"
        else
            echo $line
        end
    end
end
complete -c tracereel -f -a '(__tracereel_complete)'
]==]

return { scripts = scripts }
