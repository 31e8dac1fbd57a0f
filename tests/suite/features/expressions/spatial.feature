Feature: Points

  Scenario Outline: [1] Making points
    Given an empty graph
    When executing query:
      """
      RETURN <call> AS x
      """
    Then the result should be, in any order:
      | x        |
      | <result> |
    And no side effects

    @source:cypher/functions/spatial#functions-point
    Examples:
      | call                                                     | result |
      | point({longitude: 56.7, latitude: 12.78})                | 'point({srid: 4326, x: 56.7, y: 12.78})' |
      | point({x: 2.3, y: 4.5, crs: 'WGS-84'})                   | 'point({srid: 4326, x: 2.3, y: 4.5})' |
      | point({x: 2.3, y: 4.5, srid: 4326})                      | 'point({srid: 4326, x: 2.3, y: 4.5})' |
      | point({longitude: 56.7, latitude: 12.78, height: 8})     | 'point({srid: 4979, x: 56.7, y: 12.78, z: 8.0})' |
      | point({longitude: 56.7, latitude: 12.78, z: 8})          | 'point({srid: 4979, x: 56.7, y: 12.78, z: 8.0})' |
      | point({x: 2.3, y: 4.5})                                  | 'point({srid: 7203, x: 2.3, y: 4.5})' |
      | point({x: 2.3, y: 4.5, crs: 'cartesian'})                | 'point({srid: 7203, x: 2.3, y: 4.5})' |
      | point({x: 2.3, y: 4.5, z: 2})                            | 'point({srid: 9157, x: 2.3, y: 4.5, z: 2.0})' |
      | point({x: 1, y: 2, z: 3, crs: 'WGS-84-3D'})              | 'point({srid: 4979, x: 1.0, y: 2.0, z: 3.0})' |
      | point({x: 1, y: 2, z: 3, srid: 9157, crs: 'cartesian-3D'}) | 'point({srid: 9157, x: 1.0, y: 2.0, z: 3.0})' |
      | point(null)                                              | null   |
      | point({x: null, y: 2})                                   | null   |
      | point({x: 1, y: 2, crs: null})                           | null   |

    @source:cypher/values-and-types/spatial#spatial-values-spatial-instants
    Examples:
      | call                                          | result |
      | point({longitude: 190, latitude: 0})          | 'point({srid: 4326, x: -170.0, y: 0.0})' |
      | point({longitude: -190, latitude: 0})         | 'point({srid: 4326, x: 170.0, y: 0.0})' |
      | point({longitude: 180, latitude: 90})         | 'point({srid: 4326, x: 180.0, y: 90.0})' |
      | point({x: -1e300, y: 5})                      | 'point({srid: 7203, x: -1e300, y: 5.0})' |

    @source:cypher/values-and-types/spatial#spatial-values-spatial-instants-accessing-components
    Examples:
      | call                                                      | result      |
      | point({x: 3, y: 4}).x                                     | 3.0         |
      | point({x: 3, y: 4}).y                                     | 4.0         |
      | point({x: 3, y: 4, z: 5}).z                               | 5.0         |
      | point({x: 3, y: 4}).crs                                   | 'cartesian' |
      | point({x: 3, y: 4}).srid                                  | 7203        |
      | point({x: 3, y: 4, z: 1}).crs                             | 'cartesian-3d' |
      | point({latitude: 3, longitude: 4, height: 4321}).latitude  | 3.0        |
      | point({latitude: 3, longitude: 4, height: 4321}).longitude | 4.0        |
      | point({latitude: 3, longitude: 4, height: 4321}).height    | 4321.0     |
      | point({latitude: 3, longitude: 4, height: 4321}).x         | 4.0        |
      | point({latitude: 3, longitude: 4, height: 4321}).z         | 4321.0     |
      | point({latitude: 3, longitude: 4, height: 4321}).crs       | 'wgs-84-3d' |
      | point({latitude: 3, longitude: 4}).srid                    | 4326       |

    # What a point has not is null, as what a node has not.
    @source:kgql/points
    Examples:
      | call                                | result |
      | point({x: 3, y: 4}).z               | null   |
      | point({x: 3, y: 4}).longitude       | null   |
      | point({x: 3, y: 4}).w               | null   |

    @source:cypher/functions/string#functions-tostring
    Examples:
      | call                                | result |
      | toString(point({x: 3, y: 4}))       | 'point({srid: 7203, x: 3.0, y: 4.0})' |
      | toStringOrNull(point({x: 3, y: 4})) | 'point({srid: 7203, x: 3.0, y: 4.0})' |

    @source:cypher/values-and-types/property-structural-constructed#property-types
    Examples:
      | call                                          | result |
      | point({x: 3, y: 4}) IS :: POINT               | true   |
      | 1 IS :: POINT                                 | false  |
      | point({x: 3, y: 4}) IS :: PROPERTY VALUE      | true   |
      | [point({x: 3, y: 4})] IS :: LIST<POINT>       | true   |

  Scenario Outline: [2] Distances and boxes
    Given an empty graph
    When executing query:
      """
      RETURN <call> AS x
      """
    Then the result should be, in any order:
      | x        |
      | <result> |
    And no side effects

    @source:cypher/functions/spatial#functions-distance
    Examples:
      | call | result |
      | round(point.distance(point({x: 2.3, y: 4.5, crs: 'cartesian'}), point({x: 1.1, y: 5.4, crs: 'cartesian'})), 9) | 1.5 |
      | round(point.distance(point({longitude: 12.78, latitude: 56.7, height: 100}), point({latitude: 56.71, longitude: 12.79, height: 100})), 6) | 1269.914871 |
      | round(point.distance(point({longitude: 12.564590, latitude: 55.672874}), point({longitude: 12.994341, latitude: 55.611784}))) | 27842.0 |
      | point.distance(point({x: 0, y: 0, z: 0}), point({x: 2, y: 3, z: 6})) | 7.0 |
      | point.distance(point({longitude: 1, latitude: 1, height: 5}), point({longitude: 1, latitude: 1, height: 9})) | 4.0 |
      | point.distance(point({x: 3, y: 0}), point({x: 0, y: 4, z: 1})) | null |
      | point.distance(point({x: 3, y: 0}), point({latitude: 3, longitude: 0})) | null |
      | point.distance(null, point({longitude: 56.7, latitude: 12.78})) | null |
      | point.distance(point({longitude: 56.7, latitude: 12.78}), null) | null |

    @source:cypher/values-and-types/spatial#spatial-values-converting-coordinates
    Examples:
      | call | result |
      | toInteger(point.distance(point({latitude: toFloat('13.43'), longitude: toFloat('56.21')}), point({latitude: toFloat('13.10'), longitude: toFloat('56.41')}))/1000) | 42 |

    @source:cypher/functions/spatial#functions-withinBBox
    Examples:
      | call | result |
      | point.withinBBox(point({x: 5, y: 5, crs: 'cartesian'}), point({x: 0, y: 0, crs: 'cartesian'}), point({x: 10, y: 10, crs: 'cartesian'})) | true |
      | point.withinBBox(point({x: 0, y: 10}), point({x: 0, y: 0}), point({x: 10, y: 10})) | true |
      | point.withinBBox(point({x: 0, y: 10.1}), point({x: 0, y: 0}), point({x: 10, y: 10})) | false |
      | point.withinBBox(point({x: 1, y: 1, z: 3}), point({x: 0, y: 0, z: 0}), point({x: 2, y: 2, z: 2})) | false |
      | point.withinBBox(point({longitude: 180, latitude: 55.66}), point({longitude: 179, latitude: 55.66}), point({longitude: -179, latitude: 55.70})) | true |
      | point.withinBBox(point({longitude: 0, latitude: 55.66}), point({longitude: 179, latitude: 55.66}), point({longitude: -179, latitude: 55.70})) | false |
      | point.withinBBox(point({longitude: 1, latitude: 1}), point({longitude: 0, latitude: 2}), point({longitude: 2, latitude: 0})) | false |
      | point.withinBBox(null, point({longitude: 56.7, latitude: 12.78}), point({longitude: 57.0, latitude: 13.0})) | null |
      | point.withinBBox(point({x: 1, y: 1}), point({longitude: 0, latitude: 0}), point({longitude: 2, latitude: 2})) | null |

  Scenario Outline: [3] Comparing
    Given an empty graph
    When executing query:
      """
      WITH point({x: 1, y: 2}) AS a, point({x: 1.0, y: 2, crs: 'cartesian'}) AS b, point({x: 1, y: 2, crs: 'wgs-84'}) AS c
      RETURN <expr> AS x
      """
    Then the result should be, in any order:
      | x        |
      | <result> |
    And no side effects

    @source:cypher/values-and-types/spatial#spatial-values-comparability-orderability
    Examples:
      | expr    | result |
      | a < b   | null   |
      | a >= b  | null   |
      | a < c   | null   |

    @source:cypher/values-and-types/ordering-equality-comparison#equality-and-comparison
    Examples:
      | expr                     | result |
      | a = b                    | true   |
      | a <> b                   | false  |
      | a = c                    | false  |
      | a = point({x: 1, y: 3})  | false  |
      | a = null                 | null   |
      | a = 'point'              | false  |
      | b IN [c, a]              | true   |
      | point({x: 0.0, y: -0.0}) = point({x: -0.0, y: 0.0}) | true |

  @source:cypher/values-and-types/ordering-equality-comparison#ordering-spatial-temporal
  Scenario: [4] Ordering
    Given an empty graph
    When executing query:
      """
      UNWIND [date('2024-01-01'), 'a', point({x: 1, y: 2, z: 0}), point({x: 1, y: 3}), point({x: 1, y: 2}), [1],
        point({longitude: 5, latitude: 1}), null] AS v
      RETURN v ORDER BY v
      """
    Then the result should be, in order:
      | v |
      | [1] |
      | 'point({srid: 4326, x: 5.0, y: 1.0})' |
      | 'point({srid: 7203, x: 1.0, y: 2.0})' |
      | 'point({srid: 7203, x: 1.0, y: 3.0})' |
      | 'point({srid: 9157, x: 1.0, y: 2.0, z: 0.0})' |
      | '2024-01-01' |
      | 'a' |
      | null |
    And no side effects

  @source:cypher/values-and-types/spatial#spatial-values-point-type
  Scenario: [5] As properties, alone and in lists
    Given an empty graph
    And having executed:
      """
      CREATE (:P {at: point({x: 1, y: 2}), all: [point({x: 1, y: 2}), point({longitude: 3, latitude: 4})]})
      """
    When executing query:
      """
      MATCH (p:P {at: point({x: 1, y: 2})}) WHERE point.distance(p.at, point({x: 1, y: 5})) < 3.5
      RETURN p.at AS a, p.at.y AS y, p.all AS l, [q IN p.all | q.srid] AS s
      """
    Then the result should be, in any order:
      | a | y | l | s |
      | 'point({srid: 7203, x: 1.0, y: 2.0})' | 2.0 | ['point({srid: 7203, x: 1.0, y: 2.0})', 'point({srid: 4326, x: 3.0, y: 4.0})'] | [7203, 4326] |
    And no side effects

  @source:cypher/values-and-types/spatial#spatial-values-point-index
  Scenario: [6] Found by an index, and grouped
    Given an empty graph
    And having executed:
      """
      CREATE INDEX at FOR (p:P) ON (p.at)
      """
    And having executed:
      """
      UNWIND range(0, 99) AS i CREATE (:P {at: point({x: i % 10, y: 0})})
      """
    When executing query:
      """
      MATCH (p:P) WHERE p.at = point({x: 3, y: 0.0}) WITH p.at AS at RETURN at, count(*) AS n
      """
    Then the result should be, in any order:
      | at | n |
      | 'point({srid: 7203, x: 3.0, y: 0.0})' | 10 |
    And no side effects

  @source:cypher/values-and-types/spatial#spatial-values-point-index
  Scenario Outline: [7] No point is less or more than another, with an index or without
    Given an empty graph
    And having executed:
      """
      CREATE INDEX at FOR (p:P) ON (p.at)
      """
    And having executed:
      """
      CREATE (:P {at: point({x: 1, y: 1})}), (:P {at: 3}), (:P {at: 'a'}), (:<label> {at: point({x: 5, y: 5})})
      """
    When executing query:
      """
      MATCH (p:<label>) WHERE p.at <test> RETURN p.at
      """
    Then the result should be, in any order:
      | p.at |
    And no side effects

    Examples:
      | label | test                                                 |
      | P     | < point({x: 3, y: 3})                                |
      | P     | >= point({x: 3, y: 3})                               |
      | P     | > point({x: 0, y: 0}) AND p.at < point({x: 9, y: 9}) |
      | Q     | < point({x: 9, y: 9})                                |

  Scenario Outline: [8] What is no point
    Given an empty graph
    When executing query:
      """
      RETURN <call> AS x
      """
    Then a ArgumentError should be raised at runtime: InvalidArgumentValue

    @source:cypher/functions/spatial#functions-point
    Examples:
      | call                                            |
      | point({x: 1})                                   |
      | point({})                                       |
      | point({longitude: 1, latitude: 91})             |
      | point({longitude: 1, latitude: 1, crs: 'cartesian'}) |
      | point({x: 1, y: 2, crs: 'mars'})                |
      | point({x: 1, y: 2, srid: 1})                    |

    # An error rather than a guess.
    @source:kgql/points
    Examples:
      | call                                            |
      | point({x: 1, longitude: 1, y: 2})               |
      | point({x: 1, y: 2, z: 3, crs: 'wgs-84'})        |
      | point({x: 1, y: 2, crs: 'wgs-84-3d'})           |
      | point({x: 1, y: 2, crs: 'wgs-84', srid: 7203})  |
      | point({x: 1, y: 2, w: 3})                       |
      | point({x: 0.0/0.0, y: 1})                       |
      | point({x: 1.0/0.0, y: 1})                       |

  @source:cypher/functions/spatial
  Scenario Outline: [9] Arguments of a wrong type
    Given an empty graph
    And parameters are:
      | n | 5 |
    When executing query:
      """
      RETURN <call> AS x
      """
    Then a TypeError should be raised at runtime: InvalidArgumentValue

    Examples:
      | call                                                  |
      | point($n)                                             |
      | point({x: 'a', y: [1]})                               |
      | point.distance($n, point({x: 1, y: 1}))               |
      | point.withinBBox($n, point({x: 1, y: 1}), point({x: 1, y: 1})) |
