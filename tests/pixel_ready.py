"""When every file of the pixel runs in a page: until then a click is told in fewer words, and some lead to nothing."""

#: A module tells the page nothing when it has run. The list of what is done at each view tells: the last three of its
#: five entries are made by the last lines of the last file.
PIXEL_READY = "!!window.footfall?.$ && Object.values(footfall.$).some(v => Array.isArray(v) && v.length == 5)"
