# Completion of lossd for bash: asks lossd itself. To bash, the "=" of --flag=value is a word between two others.
_lossd() {
  local line word words=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
    [[ $word == = ]] || words+=("$word")
  done
  [[ $word == = ]] && word= && words+=("")
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$word")
    else
      COMPREPLY+=("${line%%$'\t'*}")
    fi
  done < <("$1" complete "${words[@]}" 2>/dev/null)
}
complete -F _lossd lossd
