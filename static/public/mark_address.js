if(!/[?&]s=1/.test(location.search)&&history.replaceState)history.replaceState(null,"",location.pathname+(location.search?location.search+"&":"?")+"s=1");
